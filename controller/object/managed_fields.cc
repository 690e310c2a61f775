#include "controller/object/managed_fields.h"

#include "controller/base/limits.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace charter {
namespace {

constexpr const char* kAncientManager =
    "ancient-changes";  // Kubernetes' name for merged old writers

Error malformed(const std::string& what) {
  return Error{.code = Code::BadRequest, .message = "metadata.managedFields: " + what};
}

Result<ManagedEntry> read_entry(const Json& json) {
  const std::string operation = text_at(json, {"operation"});
  if (operation != "Apply" && operation != "Update")
    return malformed("operation must be `Apply` or `Update`");
  if (const std::string type = text_at(json, {"fieldsType"}); type != "FieldsV1")
    return malformed("fieldsType must be `FieldsV1`");
  ManagedEntry entry;
  entry.who = FieldManager{text_at(json, {"manager"}), text_at(json, {"apiVersion"}),
                           text_at(json, {"subresource"})};
  entry.operation = operation == "Apply" ? Operation::Apply : Operation::Update;
  entry.time = text_at(json, {"time"});
  if (const Json* fields = at(json, {"fieldsV1"}); fields != nullptr && !fields->is_null()) {
    CHARTER_TRY_ASSIGN(entry.set, parse_fields(*fields));
  }
  return entry;
}

Json write_entry(const ManagedEntry& entry) {
  Json out = {{"manager", entry.who.manager},
              {"operation", entry.operation == Operation::Apply ? "Apply" : "Update"},
              {"apiVersion", entry.who.api_version},
              {"fieldsType", "FieldsV1"},
              {"fieldsV1", fields_to_json(entry.set)}};
  if (!entry.time.empty()) out["time"] = entry.time;
  if (!entry.who.subresource.empty()) out["subresource"] = entry.who.subresource;
  return out;
}

auto order_key(const ManagedEntry& entry) {
  return std::tie(entry.operation, entry.time, entry.who.manager, entry.who.api_version,
                  entry.who.subresource);
}

bool stands_before(const ManagedEntry& left, const ManagedEntry& right) {
  return order_key(left) < order_key(right);
}

// `"m1"`, or `"upd" with subresource "status" using conv.dev/v1`.
std::string describe(const ManagedEntry& entry) {
  std::string out = go_quote(entry.who.manager);
  if (!entry.who.subresource.empty()) out += " with subresource " + go_quote(entry.who.subresource);
  if (entry.operation == Operation::Update) out += " using " + entry.who.api_version;
  return out;
}

}  // namespace

bool ManagedEntry::is_same_manager(const FieldManager& manager, Operation op) const {
  return operation == op && who.manager == manager.manager &&
         who.subresource == manager.subresource &&
         (op == Operation::Apply || who.api_version == manager.api_version);
}

ManagedEntry* ManagedFields::find(const FieldManager& manager, Operation operation) {
  for (ManagedEntry& entry : entries)
    if (entry.is_same_manager(manager, operation)) return &entry;
  return nullptr;
}

ManagedEntry& ManagedFields::obtain(const FieldManager& manager, Operation operation) {
  if (ManagedEntry* entry = find(manager, operation)) return *entry;
  entries.push_back(ManagedEntry{manager, operation, "", {}});
  return entries.back();
}

void ManagedFields::drop_empty() {
  std::erase_if(entries, [](const ManagedEntry& entry) { return entry.set.empty(); });
}

Result<ManagedFields> read_managed_fields(const Json& object) {
  ManagedFields out;
  const Json* list = at(object, {"metadata", "managedFields"});
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return malformed("must be a list");
  if (list->size() > limits::kManagedFieldsManagersMax)
    return malformed("at most " + std::to_string(limits::kManagedFieldsManagersMax) + " entries");
  for (const Json& json : *list) {
    CHARTER_TRY_ASSIGN(ManagedEntry entry, read_entry(json));
    ManagedEntry& kept = out.obtain(entry.who, entry.operation);
    kept.who.api_version = entry.who.api_version;
    kept.time = std::move(entry.time);
    kept.set = unite(std::move(kept.set), entry.set);
  }
  return out;
}

void write_managed_fields(Json& object, ManagedFields managed) {
  std::sort(managed.entries.begin(), managed.entries.end(), stands_before);
  if (managed.entries.empty()) {
    if (object.contains("metadata")) object["metadata"].erase("managedFields");
    return;
  }
  Json list = Json::array();
  for (const ManagedEntry& entry : managed.entries)
    list.push_back(write_entry(entry));
  object["metadata"]["managedFields"] = std::move(list);
}

void cap_update_managers(ManagedFields& managed) {
  constexpr size_t kUpdateManagersMax = 10;  // as in Kubernetes
  const auto is_update = [](const ManagedEntry& entry) {
    return entry.operation == Operation::Update;
  };
  const auto all = std::count_if(managed.entries.begin(), managed.entries.end(), is_update);
  auto updates = static_cast<size_t>(all);
  if (updates <= kUpdateManagersMax) return;
  std::sort(managed.entries.begin(), managed.entries.end(), stands_before);
  // One bucket a version, made of the oldest entry of that version and those that follow it.
  std::map<std::string, ManagedEntry*> buckets;
  for (ManagedEntry& entry : managed.entries) {
    if (!is_update(entry) || updates <= kUpdateManagersMax) continue;
    const auto [at, is_first] = buckets.emplace(entry.who.api_version, &entry);
    if (is_first) continue;
    ManagedEntry& bucket = *at->second;
    bucket.who = FieldManager{kAncientManager, entry.who.api_version, ""};
    bucket.set = unite(std::move(bucket.set), entry.set);
    bucket.time = entry.time;
    entry.set = FieldSet{};
    --updates;
  }
  managed.drop_empty();
}

Error conflict_error(std::vector<ManagedEntry> conflicts) {
  std::sort(conflicts.begin(), conflicts.end(),
            [](const ManagedEntry& left, const ManagedEntry& right) {
              return std::tie(left.who.manager, left.operation, left.who.api_version) <
                     std::tie(right.who.manager, right.operation, right.who.api_version);
            });
  Error error{.code = Code::Conflict};
  std::string lines;
  for (const ManagedEntry& entry : conflicts) {
    const std::string manager = describe(entry);
    lines.append(lines.empty() ? "" : "\n").append("conflicts with ").append(manager).append(":");
    for_each_path(entry.set, [&](const std::string& path) {
      lines.append("\n- ").append(path);
      error.causes.push_back(Cause{"FieldManagerConflict", "conflict with " + manager, path});
    });
  }
  const size_t count = error.causes.size();
  error.message = count == 1
                      ? "Apply failed with 1 conflict: " + error.causes[0].message + ": " +
                            error.causes[0].field
                      : "Apply failed with " + std::to_string(count) + " conflicts: " + lines;
  return error;
}

}  // namespace charter
