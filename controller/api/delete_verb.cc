#include <algorithm>

#include <nlohmann/json.hpp>

#include "controller/api/builtin_rules.h"
#include "controller/api/flow_control.h"
#include "controller/api/index_fields.h"
#include "controller/api/metered_write.h"
#include "controller/api/status_body.h"
#include "controller/api/webhook_calls.h"
#include "controller/api/write_pipeline.h"
#include "controller/base/limits.h"

// DELETE: preconditions, finalizers and propagation (kubernetes.md 4.6).
namespace charter {
namespace {

using Change = ResourceVerbs::Change;

/// One delete on its way; run again after a lost race.
struct Removal {
  std::shared_ptr<Change> change;
  DeleteOptions options;
  DeleteDone done;
  int attempts = 0;
};
using RemovalPtr = std::shared_ptr<Removal>;

void run(const RemovalPtr& removal);

Status check_preconditions(const Removal& removal, const Header& current) {
  const ResourceType& type = *removal.change->type;
  const auto refuse = [&](const std::string& why) {
    Error error = conflict(type, current.name, why);
    error.message = "Operation cannot be fulfilled on " + type.qualified_kind() + " \"" + current.name + "\": " + why;
    error.subject->kind = type.kind;
    return error;
  };
  if (!removal.options.uid.empty() && removal.options.uid != current.uid) {
    return refuse("the UID in the precondition (" + removal.options.uid + ") does not match the UID in record (" +
                  current.uid + "). The object might have been deleted and then recreated");
  }
  const std::string version = std::to_string(current.version);
  if (!removal.options.version.empty() && removal.options.version != version) {
    return refuse("the ResourceVersion in the precondition (" + removal.options.version +
                  ") does not match the ResourceVersion in record (" + version +
                  "). The object might have been modified");
  }
  return {};
}

void add_finalizer(Json& object, const char* name) {
  Json& list = object["metadata"]["finalizers"];
  if (!list.is_array()) list = Json::array();
  if (std::find(list.begin(), list.end(), Json(name)) == list.end()) list.push_back(name);
}

/// The object on its way out: timestamp, finalizers of the propagation policy, generation.
Json mark_deleted(const Removal& removal, const Json& before) {
  Json next = before;
  if (removal.options.propagation == "Foreground") add_finalizer(next, "foregroundDeletion");
  if (removal.options.propagation == "Orphan") add_finalizer(next, "orphan");
  begin_deletion(*removal.change->type, next);
  Json& metadata = next["metadata"];
  if (metadata.contains("deletionTimestamp")) return next;
  metadata["deletionTimestamp"] = format_time(removal.change->parts.clock.now());
  if (marks_time_only(*removal.change->type)) return next;
  metadata["deletionGracePeriodSeconds"] = 0;
  if (metadata.contains("generation"))
    metadata["generation"] = int_at(metadata, {"generation"}).value_or(0) + 1;
  return next;
}

void submit(const RemovalPtr& removal, Write write, bool gone) {
  const std::string name = write.key.name.name;
  write.flow = flow_of(removal->change->options.caller);
  removal->change->parts.store.submit(std::move(write), [removal, name, gone](Result<Committed> outcome) {
    if (outcome) return removal->done(Deleted{std::move(outcome->object), gone});
    Error error = std::move(outcome.error());
    if (!error.subject && error.code == Code::Conflict && ++removal->attempts < limits::kConflictRetriesMax) {
      return run(removal);
    }
    removal->done(name_store_error(*removal->change->type, name, std::move(error)));
  });
}

Status step(const RemovalPtr& removal) {
  Change& change = *removal->change;
  const ResourceType& type = *change.type;
  const ObjectPtr current = change.parts.store.get(type.bucket(), change.name);
  if (!current) return not_found(type, change.name.name);
  CHARTER_TRY(check_preconditions(*removal, current->header()));
  if (type.builtin && type.gvr.resource == "namespaces" && is_protected_namespace(change.name.name)) {
    return forbidden(type, change.name.name, "this namespace may not be deleted");
  }
  const Json before = current->tree();
  std::vector<std::string> warnings;
  if (!current->header().deleting) CHARTER_TRY(admit(change, nullptr, &before, warnings));
  const Json next = mark_deleted(*removal, before);
  const bool gone = read_meta(next).finalizers.empty() && !holds_deletion(type, next);
  const bool unchanged = !gone && !differs(before, next);
  const int64_t version = current->header().version;
  ObjectPtr object = gone ? current : Encoded::make(next, version, index_fields(type, change.parts.hooks, next));
  if (unchanged || change.options.dry_run == DryRun::Yes) {
    removal->done(Deleted{unchanged ? current : object, gone});
    return {};
  }
  Write write{gone ? Write::Op::Delete : Write::Op::Put, {type.bucket(), change.name}, version, object, {}};
  CHARTER_TRY(meter_write(change.parts, type, before, gone ? nullptr : &next, write));
  submit(removal, std::move(write), gone);
  return {};
}

void run(const RemovalPtr& removal) {
  Change& change = *removal->change;
  const std::string webhook = awaited_webhook(change, {AdmitRequest::Operation::Delete});
  if (!webhook.empty()) {
    return wait_elsewhere(change, webhook, [removal] { run(removal); },
                          [removal](Error error) { removal->done(std::move(error)); });
  }
  if (Status status = step(removal); !status) removal->done(std::move(status.error()));
}

}  // namespace

void ResourceVerbs::remove(const ResourceTypePtr& type, const ObjectName& name, const DeleteOptions& options,
                           const WriteOptions& write, DeleteDone done) {
  auto removal = std::make_shared<Removal>();
  removal->change = std::make_shared<Change>(parts_, type);
  removal->change->name = name;
  removal->change->options = write;
  removal->options = options;
  removal->done = std::move(done);
  const std::string& policy = options.propagation;
  if (!policy.empty() && policy != "Background" && policy != "Foreground" && policy != "Orphan") {
    return removal->done(invalid("DeleteOptions.meta.k8s.io", nullptr, "",
                                 {{"FieldValueNotSupported", "Unsupported value: \"" + policy +
                                   "\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"", "propagationPolicy"}}));
  }
  run(removal);
}

}  // namespace charter
