#include "tests/support/local_api.h"

#include "controller/base/check.h"
#include "controller/base/embedded.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

Json definition(const std::string& plural, const std::string& kind, const std::string& scope) {
  auto text = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.test.dev}
spec:
  group: test.dev
  names: {plural: PLURAL, kind: KIND}
  scope: SCOPE
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}, ref: {type: string}}}
          status: {type: object, properties: {seen: {type: integer}}}
)";
  std::string document = text;
  const std::pair<std::string, std::string> words[] = {
      {"PLURAL", plural}, {"KIND", kind}, {"SCOPE", scope}};
  for (const auto& [word, value] : words) {
    for (size_t at; (at = document.find(word)) != std::string::npos;)
      document.replace(at, word.size(), value);
  }
  auto parsed = parse_yaml(document);
  CHECK_MSG(parsed.has_value(), parsed ? "" : parsed.error().message);
  return *parsed;
}

void must(const Status& status) {
  CHECK_MSG(status.has_value(), status ? "" : status.error().message);
}

}  // namespace

LocalApi::LocalApi(WriterMode mode) : clock_(*parse_time("2026-06-01T00:00:00Z")) {
  for (const embedded::File& file : embedded::builtin_kinds()) {
    auto document = parse_yaml(file.text);
    CHECK_MSG(document.has_value(), file.name);
    must(kinds_.define(*document, KindRegistry::Origin::Builtin));
  }
  must(kinds_.define(definition("widgets", "Widget", "Namespaced"),
                     KindRegistry::Origin::Definition));
  must(kinds_.define(definition("racks", "Rack", "Cluster"), KindRegistry::Origin::Definition));
  StoreOptions options;
  options.mode = mode;
  auto store = Store::open(std::move(options));
  CHECK_MSG(store.has_value(), store ? "" : store.error().message);
  store_ = std::move(*store);
  verbs_ = std::make_unique<ResourceVerbs>(ApiParts{*store_, kinds_, hooks_, clock_, random_});
  for (const char* name : {"lab", "default"}) {
    create(kNamespaces,
           {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
  }
}

std::shared_ptr<Client> LocalApi::client(const std::string& field_manager) {
  return std::make_shared<LocalClient>(*verbs_, field_manager);
}

ManagerParts LocalApi::manager_parts(
    std::function<std::shared_ptr<Client>(std::shared_ptr<Client>)> wrap) {
  return {[this, wrap](const std::string& field_manager) {
            auto made = client(field_manager);
            return wrap ? wrap(made) : made;
          },
          clock_, random_, metrics_};
}

std::vector<ServedResource> LocalApi::served() const {
  std::vector<ServedResource> resources;
  for (const auto& type : kinds_.table()->all()) {
    if (type->storage) resources.push_back({type->gvr, type->kind, type->namespaced});
  }
  return resources;
}

ObjectPtr LocalApi::create(const Gvr& resource, const Json& object) {
  auto created = client()->create(resource, object);
  CHECK_MSG(created.has_value(), created ? "" : created.error().message);
  return *created;
}

ObjectPtr LocalApi::get(const Gvr& resource, const ObjectName& name) {
  auto found = client()->get(resource, name);
  return found ? *found : nullptr;
}

void LocalApi::remove(const Gvr& resource, const ObjectName& name, const std::string& propagation) {
  must(client()->remove(resource, name, {"", 0, propagation}));
}

size_t LocalApi::count(const Gvr& resource, const std::string& ns) {
  auto list = client()->list(resource, {ns, "", ""});
  CHECK(list.has_value());
  return list->objects.size();
}

Json widget(const std::string& name, const std::string& ns) {
  return {{"apiVersion", "test.dev/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", name}, {"namespace", ns}}},
          {"spec", {{"size", 1}}}};
}

Json owner_reference(const Encoded& owner, bool blocks) {
  const Json tree = owner.tree();
  return {{"apiVersion", tree["apiVersion"]},
          {"kind", tree["kind"]},
          {"name", owner.header().name},
          {"uid", owner.header().uid},
          {"blockOwnerDeletion", blocks}};
}

/// Delivers what the inner watch has, unless the client holds or breaks its watches.
class FaultyClient::HeldWatch final : public Watch {
 public:
  HeldWatch(FaultyClient& client, std::unique_ptr<Watch> inner)
      : client_(client), inner_(std::move(inner)), breaks_seen_(client.break_count_) {}
  Result<std::vector<WatchEvent>> take(size_t max) override {
    {
      std::lock_guard lock(client_.mutex_);
      if (breaks_seen_ != client_.break_count_) {
        breaks_seen_ = client_.break_count_;
        return client_.break_error_;
      }
      if (client_.held_) return std::vector<WatchEvent>();
    }
    return inner_->take(max);
  }
  void on_ready(std::function<void()> ready) override { inner_->on_ready(std::move(ready)); }

 private:
  FaultyClient& client_;
  std::unique_ptr<Watch> inner_;
  int breaks_seen_;
};

void FaultyClient::hold_watches() {
  std::lock_guard lock(mutex_);
  held_ = true;
}

void FaultyClient::release_watches() {
  std::lock_guard lock(mutex_);
  held_ = false;
}

void FaultyClient::break_watches(const Error& error) {
  std::lock_guard lock(mutex_);
  ++break_count_;
  break_error_ = error;
}

void FaultyClient::fail_next(const std::string& verb, const Error& error) {
  std::lock_guard lock(mutex_);
  failures_[verb].push_back(error);
}

int FaultyClient::calls(const std::string& verb) const {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(verb);
  return found == calls_.end() ? 0 : found->second;
}

Status FaultyClient::enter(const std::string& verb) {
  std::lock_guard lock(mutex_);
  ++calls_[verb];
  auto& errors = failures_[verb];
  if (errors.empty()) return {};
  Error error = std::move(errors.front());
  errors.pop_front();
  return error;
}

Result<ObjectPtr> FaultyClient::get(const Gvr& resource, const ObjectName& name) {
  CHARTER_TRY(enter("get"));
  return inner_->get(resource, name);
}

Result<ObjectList> FaultyClient::list(const Gvr& resource, const Selection& selection) {
  CHARTER_TRY(enter("list"));
  return inner_->list(resource, selection);
}

Result<std::unique_ptr<Watch>> FaultyClient::watch(const Gvr& resource, const Selection& selection,
                                                   int64_t version) {
  CHARTER_TRY(enter("watch"));
  CHARTER_TRY_ASSIGN(std::unique_ptr<Watch> inner, inner_->watch(resource, selection, version));
  std::lock_guard lock(mutex_);
  return std::unique_ptr<Watch>(new HeldWatch(*this, std::move(inner)));
}

Result<ObjectPtr> FaultyClient::create(const Gvr& resource, const Json& object) {
  CHARTER_TRY(enter("create"));
  return inner_->create(resource, object);
}

Result<ObjectPtr> FaultyClient::update(const Gvr& resource, const Json& object, Part part) {
  CHARTER_TRY(enter("update"));
  return inner_->update(resource, object, part);
}

Status FaultyClient::remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) {
  CHARTER_TRY(enter("remove"));
  return inner_->remove(resource, name, deletion);
}

}  // namespace charter::test
