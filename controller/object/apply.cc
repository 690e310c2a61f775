#include "controller/object/apply.h"

#include "controller/object/managed_fields.h"
#include "controller/object/typed_merge.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

// The writer of fields that were there before an object was applied for the first time.
constexpr const char* kBeforeFirstApply = "before-first-apply";

OwnedPart part_of(const FieldManager& who) {
  return who.subresource == "status" ? OwnedPart::StatusOnly : OwnedPart::Everything;
}

// Unreadable managedFields count as none, as in Kubernetes: they must never keep an object from
// being written.
ManagedFields read_or_empty(const Json& object, const Schema& schema) {
  auto managed = read_managed_fields(object);
  if (!managed) return {};
  for (ManagedEntry& entry : managed->entries)
    entry.set = reconcile_with_schema(schema, std::move(entry.set));
  return std::move(*managed);
}

bool asks_for_reset(const Json& object) {
  const Json* list = at(object, {"metadata", "managedFields"});
  return list != nullptr && list->is_array() && list->size() == 1 && (*list)[0].is_object() &&
         (*list)[0].empty();
}

void remove_managed_fields(Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("managedFields");
}

// True when `plain`, which has no managedFields, equals `live` otherwise; without copying either.
bool is_same_but_managed_fields(const Json& live, const Json& plain) {
  if (live.size() != plain.size()) return false;
  for (const auto& [name, value] : live.items()) {
    const auto other = plain.find(name);
    if (other == plain.end()) return false;
    if (name != "metadata" || !value.is_object()) {
      if (value != *other) return false;
      continue;
    }
    if (value.size() - value.count("managedFields") != other->size()) return false;
    for (const auto& [key, member] : value.items()) {
      const auto at = other->find(key);
      if (key != "managedFields" && (at == other->end() || *at != member)) return false;
    }
  }
  return true;
}

// What a writer of the given part may send: the rest is left out before anything is compared.
Json applied_part(const Json& applied, const FieldManager& who) {
  Json out = applied;
  if (part_of(who) == OwnedPart::StatusOnly) {
    for (auto it = out.begin(); it != out.end();)
      it = it.key() == "status" ? std::next(it) : out.erase(it);
    return out;
  }
  const auto metadata = out.find("metadata");
  if (metadata == out.end() || !metadata->is_object()) return out;
  for (const char* name : {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp",
                           "generation", "managedFields", "resourceVersion", "selfLink", "uid"})
    metadata->erase(name);
  return out;
}

std::string describe_object(const Json& object) {
  const std::string api_version = text_at(object, {"apiVersion"});
  const std::string version =
      api_version.find('/') == std::string::npos ? "/" + api_version : api_version;
  return text_at(object, {"metadata", "namespace"}) + "/" + text_at(object, {"metadata", "name"}) +
         "; " + version + ", Kind=" + text_at(object, {"kind"});
}

/// One server-side apply.
class Application {
 public:
  Application(const Json* live, const Schema& schema, const FieldManager& who)
      : live_(live), schema_(schema), who_(who) {}

  Result<Json> run(const Json& applied, Force force, Instant now) {
    read_managers(now);
    const Json config = applied_part(applied, who_);
    Json merged = live_ != nullptr ? *live_ : Json::object();
    remove_managed_fields(merged);
    merge_documents(schema_, merged, config);
    FieldSet wanted = field_set_of(schema_, config, part_of(who_));
    const FieldSet last = take_entry(wanted);
    remove_dropped(merged, last, wanted);
    const bool changed = live_ == nullptr || !is_same_but_managed_fields(*live_, merged);
    if (changed) CHARTER_TRY(settle_others(merged, force));
    if (changed || last != wanted) own().time = format_time(now);
    managed_.drop_empty();
    cap_update_managers(managed_);
    write_managed_fields(merged, std::move(managed_));
    return merged;
  }

 private:
  // An object that nobody tracked yet gets one writer for everything it has, so that the first
  // apply can conflict.
  void read_managers(Instant now) {
    if (live_ == nullptr) return;
    managed_ = read_or_empty(*live_, schema_);
    if (!managed_.entries.empty()) return;
    FieldDiff diff = compare_documents(schema_, nullptr, *live_, OwnedPart::Everything);
    if (diff.added.empty()) return;
    ManagedEntry& entry =
        managed_.obtain(FieldManager{kBeforeFirstApply, who_.api_version, ""}, Operation::Update);
    entry.set = std::move(diff.added);
    entry.time = format_time(now);
  }

  ManagedEntry& own() { return managed_.obtain(who_, Operation::Apply); }

  // Replaces the writer's fields and returns those it had before.
  FieldSet take_entry(const FieldSet& wanted) {
    ManagedEntry& entry = own();
    entry.who.api_version = who_.api_version;
    FieldSet last = std::move(entry.set);
    entry.set = wanted;
    return last;
  }

  // Removes what the writer applied before, does not send now, and nobody else owns.
  void remove_dropped(Json& merged, const FieldSet& last, const FieldSet& wanted) {
    if (last.empty() || subtract(last, wanted).empty()) return;
    const FieldSet last_named = with_named_parents(schema_, last);
    FieldSet managed;
    for (const ManagedEntry& entry : managed_.entries)
      managed = unite(std::move(managed), with_named_parents(schema_, entry.set));
    const FieldSet before = fields_of(merged);
    Json pruned = merged;
    remove_fields(schema_, pruned, last_named);
    // Fields below a removed one may belong to others; put those back by removing only what is left
    // of the difference.
    const FieldSet unowned = subtract(before, unite(fields_of(pruned), managed));
    pruned = merged;
    remove_fields(schema_, pruned, unowned);
    const FieldSet dropped = intersect(subtract(before, fields_of(pruned)), last_named);
    remove_fields(schema_, merged, dropped);
  }

  FieldSet fields_of(const Json& document) const {
    return with_named_parents(schema_, field_set_of(schema_, document, part_of(who_)));
  }

  // Takes changed fields from other managers, or answers with the conflicts; removed fields leave
  // everybody.
  Status settle_others(const Json& merged, Force force) {
    const FieldDiff diff = compare_documents(schema_, live_, merged, part_of(who_));
    const FieldSet written = unite(diff.modified, diff.added);
    std::vector<ManagedEntry> conflicts;
    for (ManagedEntry& entry : managed_.entries) {
      if (entry.is_same_manager(who_, Operation::Apply)) continue;
      FieldSet contested = intersect(entry.set, written);
      entry.set = subtract(subtract(std::move(entry.set), contested), diff.removed);
      if (!contested.empty())
        conflicts.push_back(
            ManagedEntry{entry.who, entry.operation, entry.time, std::move(contested)});
    }
    if (force == Force::No && !conflicts.empty()) return conflict_error(std::move(conflicts));
    return {};
  }

  const Json* live_;
  const Schema& schema_;
  const FieldManager& who_;
  ManagedFields managed_;
};

}  // namespace

Result<Json> server_side_apply(const Json* live, const Json& applied, const Schema& schema,
                               const FieldManager& who, Force force, Instant now) {
  if (!applied.is_object() || text_at(applied, {"apiVersion"}).empty() ||
      text_at(applied, {"kind"}).empty())
    return Error{.code = Code::BadRequest, .message = "invalid object type: /, Kind="};
  const Json* managed = at(applied, {"metadata", "managedFields"});
  if (managed != nullptr && !managed->is_null())
    return Error{.code = Code::BadRequest, .message = "metadata.managedFields must be nil"};
  if (const std::string problems = typed_problems(schema, applied); !problems.empty())
    return Error{.code = Code::InternalError,
                 .message = "failed to create typed patch object (" + describe_object(applied) +
                            "): " + problems};
  return Application(live, schema, who).run(applied, force, now);
}

void track_update(Json& next, const Json* before, const Schema& schema, const FieldManager& who,
                  Instant now) {
  const bool is_reset = who.subresource.empty() && asks_for_reset(next);
  // Subresources cannot set managedFields; a client that does not know them must not lose them.
  ManagedFields managed;
  if (!is_reset && who.subresource.empty()) managed = read_or_empty(next, schema);
  if (!is_reset && managed.entries.empty() && before != nullptr)
    managed = read_or_empty(*before, schema);
  remove_managed_fields(next);
  // Objects whose managedFields were cleared stay untracked until they are applied.
  if (before != nullptr && managed.entries.empty()) return;

  const FieldDiff diff = compare_documents(schema, before, next, part_of(who));
  const FieldSet written = unite(diff.modified, diff.added);
  if (!written.empty() || !diff.removed.empty()) {
    const FieldSet touched = unite(written, diff.removed);
    for (ManagedEntry& entry : managed.entries)
      entry.set = subtract(std::move(entry.set), touched);
  }
  if (!written.empty()) {
    ManagedEntry& entry = managed.obtain(who, Operation::Update);
    entry.set = unite(std::move(entry.set), written);
    entry.time = format_time(now);
  }
  managed.drop_empty();
  cap_update_managers(managed);
  write_managed_fields(next, std::move(managed));
}

}  // namespace charter
