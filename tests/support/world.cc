#include "tests/support/world.h"

#include "controller/api/definitions.h"
#include "controller/base/check.h"
#include "controller/base/embedded.h"
#include "controller/runtime/event_expiry.h"
#include "drivers/simulated/sim_driver.h"
#include "reconcilers/register.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace charter::test {
namespace {

constexpr size_t kStepsMax = 2'000'000;  // far above any test; a livelock ends here

void must(const Status& status, std::string_view what) {
  CHECK_MSG(status.has_value(),
            std::string(what) + ": " + (status ? std::string() : status.error().message));
}

bool only_looks(const std::string& call) {
  return call == "observe" || call == "observe_volume" || call == "look" || call == "counters" ||
         call.starts_with("admin.");
}

const Json* find_path(const Json& tree, const std::string& path) {
  const Json* node = &tree;
  for (size_t from = 0; node != nullptr && from <= path.size();) {
    const size_t to = std::min(path.find('.', from), path.size());
    node = at(*node, {path.substr(from, to - from)});
    from = to + 1;
  }
  return node;
}

// A new version of an object: what `apply` takes from the document, what stays from the server.
Json merged(const Json& current, const Json& document) {
  Json next = current;
  for (const auto& [key, value] : document.items()) {
    if (key != "metadata" && key != "status") next[key] = value;
  }
  for (const char* key : {"labels", "annotations"}) {
    if (at(document, {"metadata", key}) != nullptr)
      next["metadata"][key] = document["metadata"][key];
  }
  return next;
}

// Worlds define no kinds of their own, so they share one table of the product's.
KindRegistry& shared_kinds() {
  static auto* const kKinds = [] {
    auto* kinds = new KindRegistry();
    define_embedded(*kinds, embedded::builtin_kinds(), KindRegistry::Origin::Builtin);
    define_embedded(*kinds, embedded::crds(), KindRegistry::Origin::Definition);
    return kinds;
  }();
  return *kKinds;
}

}  // namespace

ObjectName parse_name(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      clock_(*parse_time(options_.begin)),
      kinds_(shared_kinds()),
      hosts_(options_.data_dir.empty() ? "" : options_.data_dir + "/sim") {
  if (!options_.data_dir.empty()) std::filesystem::create_directories(options_.data_dir + "/sim");
  hooks_ = make_hooks();
  open_store();
  for (const char* name : {"default", "shop"}) {
    must(write({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}),
         name);
  }
  start();
}

World::~World() = default;

void World::open_store() {
  StoreOptions store;
  store.mode = WriterMode::Inline;
  store.kinds = stored_kinds(kinds_, hooks_);
  store.data_dir = options_.data_dir;
  store.vfs = options_.vfs;
  // A disk that fails ends the process; here the test does what comes after.
  store.fatal = [](int) {};
  auto opened = Store::open(std::move(store));
  CHECK_MSG(opened.has_value(), opened ? "" : opened.error().message);
  store_ = std::move(*opened);
  verbs_ = std::make_unique<ResourceVerbs>(ApiParts{*store_, kinds_, hooks_, clock_, random_});
  client_ = std::make_shared<LocalClient>(*verbs_, "test");
}

void World::give_drivers(DriverPool& drivers) {
  drivers.add_factory(
      "simulated",
      failing_factory(simulated_driver_factory(hosts_, {.clock = &clock_, .pause = {}}), faults_));
}

std::unique_ptr<Manager> World::make_manager() {
  return std::make_unique<Manager>(
      ManagerParts{[this](const std::string& field_manager) -> std::shared_ptr<Client> {
                     auto made = std::make_shared<LocalClient>(*verbs_, field_manager);
                     return options_.wrap ? options_.wrap(made) : made;
                   },
                   clock_, random_, metrics_, store_.get()});
}

std::unique_ptr<Manager> World::second_manager(DriverPool& drivers) {
  give_drivers(drivers);
  auto manager = make_manager();
  add_controllers(*manager, {drivers});
  return manager;
}

void World::start() {
  drivers_ = std::make_unique<DriverPool>();
  give_drivers(*drivers_);
  manager_ = make_manager();
  collector_ = std::make_unique<GarbageCollector>(*manager_);
  cleaner_ = std::make_unique<NamespaceCleaner>(*manager_);
  add_event_expiry(*manager_);
  std::vector<ServedResource> served;
  for (const auto& type : kinds_.table()->all()) {
    if (type->storage) served.push_back({type->gvr, type->kind, type->namespaced});
  }
  collector_->set_resources(served);
  cleaner_->set_resources(served);
  if (options_.add_controllers) {
    options_.add_controllers(*manager_, *drivers_);
  } else {
    add_controllers(*manager_, {*drivers_});
  }
}

void World::restart() {
  // They hold informers of the manager's caches, so they go before it.
  cleaner_.reset();
  collector_.reset();
  manager_.reset();
  drivers_.reset();
  if (!options_.data_dir.empty()) {
    client_.reset();
    verbs_.reset();
    store_.reset();
    open_store();
  }
  start();
}

std::shared_ptr<const ResourceType> World::type_of(const std::string& kind) const {
  const auto table = kinds_.table();
  const auto& all = table->all();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& type) {
    return type->kind == kind && type->storage;
  });
  CHECK_MSG(found != all.end(), "no such kind: " + kind);
  return *found;
}

Status World::write(const Json& document) {
  const auto type = type_of(text_at(document, {"kind"}));
  Json object = document;
  auto& meta = object["metadata"];
  if (type->namespaced && !meta.contains("namespace")) meta["namespace"] = "default";
  const ObjectName name{text_at(object, {"metadata", "namespace"}),
                        text_at(object, {"metadata", "name"})};
  auto current = client_->get(type->gvr, name);
  std::optional<Result<Written>> answer;
  WriteOptions options;
  options.caller.user = "test-admin";
  options.caller.groups = {"system:masters"};
  options.field_manager = "test";
  const auto done = [&](Result<Written> written) { answer = std::move(written); };
  if (current) {
    verbs_->update(type, name, merged((*current)->tree(), object), "", options, done);
  } else {
    verbs_->create(type, name.ns, std::move(object), options, done);
  }
  CHECK_MSG(answer.has_value(), "an inline writer answers at once");
  if (!*answer) return Error((*answer).error());
  warnings_ = (*answer)->warnings;
  return {};
}

Status World::try_apply(std::string_view yaml) {
  auto documents = parse_yaml_stream(yaml);
  if (!documents) return Error(documents.error());
  for (const auto& document : *documents)
    CHARTER_TRY(write(document));
  return {};
}

void World::apply(std::string_view yaml) {
  must(try_apply(yaml), "apply");
}

Status World::try_edit(const std::string& kind, const std::string& name,
                       std::string_view yaml_patch) {
  CHARTER_TRY_ASSIGN(const Json patch, parse_yaml(yaml_patch));
  CHARTER_TRY_ASSIGN(const ObjectPtr current, client_->get(type_of(kind)->gvr, parse_name(name)));
  Json next = current->tree();
  next.merge_patch(patch);
  return write(next);
}

void World::edit(const std::string& kind, const std::string& name, std::string_view yaml_patch) {
  must(try_edit(kind, name, yaml_patch), "edit " + kind + " " + name);
}

Status World::try_remove(const std::string& kind, const std::string& name) {
  return client_->remove(type_of(kind)->gvr, parse_name(name), {.propagation = "Background"});
}

void World::remove(const std::string& kind, const std::string& name) {
  must(try_remove(kind, name), "remove " + kind + " " + name);
}

Json World::get(const std::string& kind, const std::string& name) {
  auto found = client_->get(type_of(kind)->gvr, parse_name(name));
  return found ? (*found)->tree() : Json();
}

bool World::exists(const std::string& kind, const std::string& name) {
  return !get(kind, name).is_null();
}

std::vector<std::string> World::names(const std::string& kind, const std::string& ns) {
  auto list = client_->list(type_of(kind)->gvr, {ns, "", ""});
  CHECK(list.has_value());
  std::vector<std::string> names;
  for (const auto& object : list->objects)
    names.push_back(to_string(ObjectName{object->header().ns, object->header().name}));
  return names;
}

std::string World::uid(const std::string& kind, const std::string& name) {
  return field(kind, name, "metadata.uid");
}

std::string World::field(const std::string& kind, const std::string& name,
                         const std::string& path) {
  const Json object = get(kind, name);
  const Json* node = find_path(object, path);
  if (node == nullptr || node->is_null()) return {};
  return node->is_string() ? node->get<std::string>() : node->dump();
}

std::optional<Condition> World::condition(const std::string& kind, const std::string& name,
                                          const std::string& type) {
  const Json object = get(kind, name);
  return object.is_null() ? std::nullopt : find_condition(object, type);
}

bool World::is(const std::string& kind, const std::string& name, const std::string& type) {
  const auto found = condition(kind, name, type);
  return found && found->status == "True";
}

std::string World::reason(const std::string& kind, const std::string& name,
                          const std::string& type) {
  const auto found = condition(kind, name, type);
  return found ? found->reason : std::string();
}

std::string World::explain(const std::string& kind, const std::string& name,
                           const std::string& type) {
  if (!exists(kind, name)) return "no object";
  const auto found = condition(kind, name, type);
  if (!found) return "no condition";
  return type + "=" + found->status + " " + found->reason + ": " + found->message;
}

void World::settle() {
  const auto settled = manager_->settle(kStepsMax);
  CHECK_MSG(settled.quiet, "the controllers do not come to rest");
}

void World::settle_for(Duration length) {
  const Duration end = clock_.monotonic() + length;
  settle();
  while (clock_.monotonic() < end) {
    const auto due = manager_->next_due();
    const Duration next = due && *due < end ? std::max(*due, clock_.monotonic()) : end;
    clock_.advance(next - clock_.monotonic());
    settle();
    // Due but not done would turn this into an endless loop: a nanosecond makes it visible.
    if (clock_.monotonic() < end && next == clock_.monotonic() && manager_->next_due() == due)
      clock_.advance(Duration(1));
  }
}

bool World::settle_until(const std::function<bool()>& done, Duration length) {
  constexpr Duration kStep = std::chrono::milliseconds(250);
  settle();
  for (Duration waited{}; !done(); waited += kStep) {
    if (waited >= length) return false;
    settle_for(kStep);
  }
  return true;
}

int64_t World::commits() const {
  return store_->revision();
}

SimAdmin World::admin(const std::string& provider) {
  auto world = hosts_.open(provider);
  CHECK_MSG(world.has_value(), provider);
  return SimAdmin(*world, clock_);
}

int64_t World::mutating_calls(const std::string& provider) {
  SimCallQuery query;
  query.limit = 1'000'000;
  const auto calls = admin(provider).ledger(query);
  CHECK(calls.has_value());
  return std::count_if(calls->begin(), calls->end(),
                       [](const SimCall& call) { return !only_looks(call.call); });
}

int64_t World::external_things(const std::string& provider) {
  const auto all = admin(provider).histories();
  CHECK(all.has_value());
  int64_t live = 0;
  for (const auto& history : *all) {
    EXPECT_TRUE(history.is_sound()) << history.uid << ": " << history.most_at_once << " at once";
    live += history.live;
  }
  return live;
}

void World::expect_quiet(Duration length) {
  settle();
  const auto providers = names("Provider");
  const auto count = [&] {
    int64_t calls = 0;
    for (const auto& provider : providers)
      calls += mutating_calls(provider);
    return calls;
  };
  const int64_t calls = count();
  const int64_t revision = commits();
  settle_for(length);
  EXPECT_EQ(commits(), revision) << "idle life must write nothing";
  EXPECT_EQ(count(), calls) << "idle life must change nothing outside";
}

}  // namespace charter::test
