#include "controller/runtime/limit_turns.h"

#include "controller/runtime/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace charter {

/// What somebody was allowed to write.
struct LimitTurns::Entry {
  std::string bucket;
  ObjectName name;
  Pairs fields;
  int64_t until_s = 0;
};

namespace {

const Gvr kLeases{"coordination.k8s.io", "v1", "leases"};
constexpr const char* kAnnotation = "charter.dev/allowed-writes";

int64_t second_of(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
}

// A name for every object: names of limits may be as long as a name can be.
std::string lease_name(const ObjectKey& limit) {
  std::string plain = "charter-limit-" + limit.bucket + "-" + to_string(limit.name);
  std::replace_if(
      plain.begin(), plain.end(),
      [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'); }, '-');
  // The readable form may be the same for two; the sum keeps them apart.
  uint64_t sum = 1469598103934665603ULL;
  for (const char c : limit.bucket + "\n" + to_string(limit.name))
    sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return plain.substr(0, 200) + "-" + std::to_string(sum);
}

ObjectPtr stand_in(const ObjectName& name, const Pairs& fields) {
  return Encoded::make({{"metadata", {{"namespace", name.ns}, {"name", name.name}}}}, 0, fields);
}

/// A state with what was allowed over it. `Entries` is a range of bucket, name and fields.
template <class Entries>
class Allowed final : public View {
 public:
  Allowed(const View& live, const Entries& entries) : live_(live), entries_(entries) {}

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override {
    return live_.get(bucket, name);
  }
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override {
    std::set<ObjectName> told;
    bool goes_on = true;
    live_.scan(bucket, ns, [&](const ObjectPtr& object) {
      const ObjectName name{object->header().ns, object->header().name};
      told.insert(name);
      const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const auto& one) {
        return one.bucket == bucket && one.name == name;
      });
      goes_on = visit(entry == entries_.end() ? object : stand_in(name, entry->fields));
      return goes_on;
    });
    for (const auto& entry : entries_) {
      if (!goes_on) return;
      if (entry.bucket != bucket || (!ns.empty() && entry.name.ns != ns)) continue;
      if (told.contains(entry.name)) continue;
      goes_on = visit(stand_in(entry.name, entry.fields));
    }
  }

 private:
  const View& live_;
  const Entries& entries_;
};

}  // namespace

LimitTurns::LimitTurns(Client& client, std::string ns, const Clock& clock)
    : client_(client), ns_(std::move(ns)), clock_(clock) {}

std::vector<LimitTurns::Entry> LimitTurns::read(const Json& lease) {
  std::vector<Entry> entries;
  const auto list = parse_json(text_at(lease, {"metadata", "annotations", kAnnotation}));
  if (!list || !list->is_array()) return entries;
  for (const Json& one : *list) {
    Entry entry{text_at(one, {"bucket"}),
                {text_at(one, {"namespace"}), text_at(one, {"name"})},
                {},
                int_at(one, {"until"}).value_or(0)};
    const Json* fields = at(one, {"fields"});
    if (fields != nullptr && fields->is_object()) {
      for (auto field = fields->begin(); field != fields->end(); ++field)
        if (field->is_string()) entry.fields.emplace_back(field.key(), field->get<std::string>());
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status LimitTurns::write(const Json& lease, const Claim& claim,
                         const std::vector<Entry>& entries) {
  Json list = Json::array();
  const auto add = [&list](const std::string& bucket, const ObjectName& name, const Pairs& fields,
                           int64_t until_s) {
    Json one = {{"bucket", bucket}, {"namespace", name.ns}, {"name", name.name}, {"until", until_s}};
    one["fields"] = Json::object();
    for (const auto& [field, value] : fields)
      one["fields"][field] = value;
    list.push_back(std::move(one));
  };
  for (const Entry& entry : entries)
    add(entry.bucket, entry.name, entry.fields, entry.until_s);
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(limits::kTurnLife).count();
  add(claim.bucket, claim.name, claim.fields, second_of(clock_) + life);
  Json next = lease;
  next["metadata"]["annotations"][kAnnotation] = encode(list);
  next["spec"]["renewTime"] = format_micro_time(clock_.now());
  const bool is_new = text_at(next, {"metadata", "resourceVersion"}).empty();
  const auto written =
      is_new ? client_.create(kLeases, next) : client_.update(kLeases, next, Part::Main);
  return written ? Status() : Status(written.error());
}

Status LimitTurns::judge(const Claim& claim, const std::function<Status(const Judge&)>& live,
                         const Judge& judge) {
  const std::string name = lease_name(claim.limited_by);
  for (int tries = 0; tries < limits::kTurnTriesMax; ++tries) {
    const auto found = client_.get(kLeases, {ns_, name});
    if (!found && found.error().code != Code::NotFound) return Error(found.error());
    const Json lease = found ? (*found)->tree()
                             : Json{{"apiVersion", "coordination.k8s.io/v1"},
                                    {"kind", "Lease"},
                                    {"metadata", {{"namespace", ns_}, {"name", name}}}};
    std::vector<Entry> entries = read(lease);
    // The state is read after the entries: one that has been written in between counts once.
    CHARTER_TRY(live([&](const View& view) {
      const int64_t now_s = second_of(clock_);
      std::erase_if(entries, [&](const Entry& entry) {
        if (entry.until_s <= now_s) return true;
        if (entry.bucket == claim.bucket && entry.name == claim.name) return true;
        const ObjectPtr object = view.get(entry.bucket, entry.name);
        return object && object->header().fields == entry.fields;
      });
      return judge(Allowed(view, entries));
    }));
    if (claim.dry_run) return {};
    const Status written = write(lease, claim, entries);
    if (written) return {};
    const Code code = written.error().code;
    if (code != Code::Conflict && code != Code::AlreadyExists) return written;
  }
  return Error{Code::TooManyRequests,
               "too many writes are judged against this limit at once",
               {},
               {},
               {},
               1};
}

}  // namespace charter
