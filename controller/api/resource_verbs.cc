#include "controller/api/resource_verbs.h"

#include <nlohmann/json.hpp>

#include "controller/api/builtin_rules.h"
#include "controller/object/conversion.h"
#include "controller/api/flow_control.h"
#include "controller/api/index_fields.h"
#include "controller/api/last_applied.h"
#include "controller/api/metered_write.h"
#include "controller/api/status_body.h"
#include "controller/api/webhook_calls.h"
#include "controller/api/write_pipeline.h"
#include "controller/base/limits.h"
#include "controller/object/patch.h"

namespace charter {
namespace {

using Change = ResourceVerbs::Change;
using ChangePtr = std::shared_ptr<Change>;

void run(const ChangePtr& change);

/// The tree in the form that it is stored in, whatever version the request speaks.
ObjectPtr encode_object(const Change& change, const Json& tree, int64_t version) {
  const ResourceType& type = *change.type;
  const HookTable& hooks = change.parts.hooks;
  if (type.storage) return Encoded::make(tree, version, index_fields(type, hooks, tree));
  const auto table = change.parts.kinds.table();
  const ResourceType* stored = table->find_stored(type.bucket());
  if (!stored) return Encoded::make(tree, version, index_fields(type, hooks, tree));
  Json converted = tree;
  convert(*stored, converted);
  return Encoded::make(converted, version, index_fields(*stored, hooks, converted));
}

/// True when writing the object again would store other bytes: an object in an older storage version is
/// migrated by any write.
bool is_outdated(const Change& change, const Encoded& object) {
  if (change.type->builtin) return false;
  const auto table = change.parts.kinds.table();
  const ResourceType* stored = table->find_stored(change.type->bucket());
  return stored && !is_in_version(*stored, object);
}

/// The second try of a write that lost a race. This is the writer: a large object must not hold up
/// everybody's writes.
void run_again(const ChangePtr& change, size_t bytes) {
  HeavyWork again;
  again.flow = flow_of(change->options.caller);
  again.bytes = bytes;
  again.cost = estimate_body(bytes);
  again.run = [change] { run(change); };
  again.refuse = [change] { change->done(too_many_requests()); };
  if (const Status placed = run_by_cost(change->parts.heavy, std::move(again)); !placed)
    change->done(Error(placed.error()));
}

/// Sends a checked write to the store and answers from its completion.
void submit(const ChangePtr& change, Write write, std::vector<std::string> warnings, bool created) {
  const std::string name = write.key.name.name;
  const size_t bytes = write.object->bytes().size();
  write.flow = flow_of(change->options.caller);
  change->parts.store.submit(std::move(write), [change, name, bytes, created,
                                                warnings = std::move(warnings)](
                                                   Result<Committed> outcome) mutable {
    if (outcome)
      return change->done(Written{std::move(outcome->object), created, std::move(warnings)});
    Error error = std::move(outcome.error());
    const bool raced = !error.subject && (error.code == Code::Conflict || error.code == Code::AlreadyExists ||
                                          error.code == Code::NotFound);
    // A generated name that is taken is drawn again; a lost race without a precondition of the caller's runs again on the new state.
    if (raced && ++change->attempts < limits::kConflictRetriesMax &&
        (change->form != Change::Form::Create || change->generated_name)) {
      return run_again(change, bytes);
    }
    change->done(name_store_error(*change->type, name, std::move(error)));
  });
}

Status refuse_oversize(const Change& change, const ObjectPtr& object) {
  if (object->bytes().size() <= limits::kObjectBytesMax) return {};
  return Error{Code::RequestEntityTooLarge,
               change.type->qualified_resource() + " \"" + object->header().name + "\": object of " +
                   std::to_string(object->bytes().size()) + " bytes, limit is " + std::to_string(limits::kObjectBytesMax)};
}

Status refuse_create(const Change& change) {
  const ResourceType& type = *change.type;
  if (!type.terminating) return {};
  return forbidden(type, change.name.name, "create not allowed while custom resource definition is terminating");
}

Status create_now(const ChangePtr& change, Json body) {
  const ResourceType& type = *change->type;
  CHARTER_TRY(refuse_create(*change));
  CHARTER_TRY(check_frame(type, change->name, body));
  CHARTER_TRY(prepare_new(type, body, change->parts));
  if (type.has_status && !type.builtin) body.erase("status");
  const std::string name = text_at(body, {"metadata", "name"});
  CHARTER_TRY(check_namespace(type, change->name.ns, name, change->parts.store.view()));
  const bool applied = change->form == Change::Form::Apply;
  if (!applied && !body["metadata"].value("managedFields", Json()).empty()) body["metadata"].erase("managedFields");
  CHARTER_TRY_ASSIGN(Checked checked, check_tree(*change, std::move(body), nullptr));
  if (!applied) track(*change, checked, nullptr);
  CHARTER_TRY(admit(*change, checked.tree.get(), nullptr, checked.warnings));
  const ObjectName key{change->name.ns, name};
  ObjectPtr object = encode_object(*change, *checked.tree, 0);
  CHARTER_TRY(refuse_oversize(*change, object));
  if (change->options.dry_run == DryRun::Yes) {
    if (change->parts.store.get(type.bucket(), key)) return already_exists(type, name);
    if (Guard guard = make_guard(change, checked.tree, nullptr)) CHARTER_TRY(guard(change->parts.store.view()));
    change->done(Written{std::move(object), true, std::move(checked.warnings)});
    return {};
  }
  Guard guard = make_guard(change, checked.tree, nullptr);
  submit(change, {Write::Op::Put, {type.bucket(), key}, 0, std::move(object), std::move(guard)},
         std::move(checked.warnings), true);
  return {};
}

/// Keeps the parts of `next` that this request may write; the rest is as before.
Json limit_to_part(const Change& change, const Json& before, Json next) {
  const ResourceType& type = *change.type;
  if (change.subresource == "status") {
    Json out = before;
    out.erase("status");
    if (next.contains("status")) out["status"] = std::move(next["status"]);
    if (next["metadata"].contains("managedFields")) out["metadata"]["managedFields"] = next["metadata"]["managedFields"];
    return out;
  }
  if (change.subresource == "finalize") return finalized(before, next);
  keep_finalizers(type, before, next);
  if (type.has_status) {
    next.erase("status");
    if (before.contains("status")) next["status"] = before["status"];
  }
  return next;
}

void raise_generation(const ResourceType& type, const Json& before, Json& next) {
  if (!before["metadata"].contains("generation") || !spec_changed(type, before, next)) return;
  next["metadata"]["generation"] = int_at(before, {"metadata", "generation"}).value_or(0) + 1;
}

bool is_released(const ResourceType& type, const Json& object) {
  const Meta meta = read_meta(object);
  return !meta.deleted.empty() && meta.finalizers.empty() && !holds_deletion(type, object);
}

Status update_now(const ChangePtr& change, const ObjectPtr& current) {
  const ResourceType& type = *change->type;
  auto before = std::make_shared<const Json>(in_version(type, current)->tree());
  CHARTER_TRY_ASSIGN(Json next, change->edit(before.get()));
  CHARTER_TRY(check_frame(type, change->name, next));
  const bool needs_version = change->form == Change::Form::Update && !type.builtin;
  CHARTER_TRY(carry_over(type, *before, next, needs_version ? VersionRule::Required : VersionRule::Optional));
  next = limit_to_part(*change, *before, std::move(next));
  CHARTER_TRY_ASSIGN(Checked checked, check_tree(*change, std::move(next), before.get()));
  Json& tree = *checked.tree;
  if (change->form != Change::Form::Apply) track(*change, checked, before.get());
  if (!differs(*before, tree) && !is_outdated(*change, *current)) {
    change->done(Written{current, false, std::move(checked.warnings)});
    return {};
  }
  raise_generation(type, *before, tree);
  CHARTER_TRY(admit(*change, &tree, before.get(), checked.warnings));
  ObjectPtr object = encode_object(*change, tree, current->header().version);
  CHARTER_TRY(refuse_oversize(*change, object));
  Guard guard = make_guard(change, checked.tree, before);
  if (change->options.dry_run == DryRun::Yes) {
    if (guard) CHARTER_TRY(guard(change->parts.store.view()));
    change->done(Written{std::move(object), false, std::move(checked.warnings)});
    return {};
  }
  const Write::Op op = is_released(type, tree) ? Write::Op::Delete : Write::Op::Put;
  Write write{op, {type.bucket(), change->name}, current->header().version, std::move(object), std::move(guard)};
  CHARTER_TRY(meter_write(change->parts, type, *before, op == Write::Op::Put ? &tree : nullptr, write));
  submit(change, std::move(write), std::move(checked.warnings), false);
  return {};
}

Status step(const ChangePtr& change) {
  if (change->form == Change::Form::Create) {
    CHARTER_TRY_ASSIGN(Json body, change->edit(nullptr));
    return create_now(change, std::move(body));
  }
  const ObjectPtr current = change->parts.store.get(change->type->bucket(), change->name);
  if (current) return update_now(change, current);
  if (change->form != Change::Form::Apply || !change->subresource.empty()) return not_found(*change->type, change->name.name);
  CHARTER_TRY_ASSIGN(Json body, change->edit(nullptr));
  return create_now(change, std::move(body));
}

/// Who has to be waited for elsewhere. An apply may turn out as either.
std::string webhook_of(const Change& change) {
  using Operation = AdmitRequest::Operation;
  switch (change.form) {
    case Change::Form::Create:
      return awaited_webhook(change, {Operation::Create});
    case Change::Form::Apply:
      return awaited_webhook(change, {Operation::Update, Operation::Create});
    default:
      return awaited_webhook(change, {Operation::Update});
  }
}

void run(const ChangePtr& change) {
  if (const std::string webhook = webhook_of(*change); !webhook.empty()) {
    return wait_elsewhere(*change, webhook, [change] { run(change); },
                          [change](Error error) { change->done(std::move(error)); });
  }
  if (Status status = step(change); !status) change->done(std::move(status.error()));
}

Result<Json> patch_tree(const Change& change, PatchType patch_type, const Json& target, const Json& patch) {
  switch (patch_type) {
    case PatchType::JsonPatch: return apply_json_patch(target, patch);
    case PatchType::MergePatch: return apply_merge_patch(target, patch);
    default: return apply_strategic_merge_patch(target, patch, *change.type->schema);
  }
}

/// What of an applied configuration counts: the main resource does not own status, /status owns nothing else.
Json applied_part(const Change& change, Json applied) {
  if (change.subresource != "status") {
    if (change.type->has_status) applied.erase("status");
    return applied;
  }
  Json out = Json::object();
  for (const char* member : {"apiVersion", "kind", "status"}) {
    if (applied.contains(member)) out[member] = applied[member];
  }
  for (const char* member : {"name", "namespace", "resourceVersion", "uid"}) {
    if (applied["metadata"].contains(member)) out["metadata"][member] = applied["metadata"][member];
  }
  return out;
}

Result<Json> apply_tree(Change& change, const Json* current, const Json& patch, Force force) {
  Json applied = patch;
  if (!applied.is_object() || text_at(applied, {"apiVersion"}).empty() || text_at(applied, {"kind"}).empty()) {
    return Error{Code::BadRequest, "invalid object type: " + text_at(applied, {"apiVersion"}) + "/, Kind=" +
                                       (applied.is_object() ? text_at(applied, {"kind"}) : std::string())};
  }
  CHARTER_TRY(check_frame(*change.type, change.name, applied));
  const std::string version = text_at(applied, {"metadata", "resourceVersion"});
  applied = applied_part(change, std::move(applied));
  applied["metadata"].erase("resourceVersion");
  CHARTER_TRY_ASSIGN(Json merged, apply_over_last_applied(current, applied, *change.type->schema, change.manager(), force,
                                                          change.parts.clock.now()));
  if (!version.empty()) {
    if (!current) return conflict(*change.type, change.name.name, "StorageError: object does not exist");
    merged["metadata"]["resourceVersion"] = version;
  }
  return merged;
}

}  // namespace

void ResourceVerbs::create(const ResourceTypePtr& type, const std::string& ns, Json body, WriteOptions options,
                           WriteDone done) {
  auto change = std::make_shared<Change>(parts_, type);
  change->name.ns = ns;
  change->form = Change::Form::Create;
  change->generated_name = text_at(body, {"metadata", "name"}).empty();
  change->options = std::move(options);
  if (change->generated_name) {
    change->edit = [body = std::move(body)](const Json*) -> Result<Json> { return body; };
  } else {
    // It is not run again, see submit(). A copy that lived on would be freed by the writer.
    change->edit = [body = std::move(body)](const Json*) mutable -> Result<Json> { return std::move(body); };
  }
  change->done = std::move(done);
  run(change);
}

void ResourceVerbs::update(const ResourceTypePtr& type, const ObjectName& name, Json body, const std::string& subresource,
                           WriteOptions options, WriteDone done) {
  auto change = std::make_shared<Change>(parts_, type);
  change->name = name;
  change->subresource = subresource;
  change->options = std::move(options);
  change->done = std::move(done);
  // A body that cannot belong to this URL is wrong whether or not the object exists.
  if (Status framed = check_frame(*type, name, body); !framed) return change->done(std::move(framed.error()));
  change->edit = [body = std::move(body)](const Json*) -> Result<Json> { return body; };
  run(change);
}

void ResourceVerbs::modify(const ResourceTypePtr& type, const ObjectName& name, const std::string& subresource, Edit edit,
                           WriteOptions options, WriteDone done) {
  auto change = std::make_shared<Change>(parts_, type);
  change->name = name;
  change->subresource = subresource;
  change->form = Change::Form::Patch;
  change->options = std::move(options);
  change->edit = std::move(edit);
  change->done = std::move(done);
  run(change);
}

void ResourceVerbs::patch(const ResourceTypePtr& type, const ObjectName& name, PatchType patch_type, Json patch, Force force,
                          const std::string& subresource, WriteOptions options, WriteDone done) {
  auto change = std::make_shared<Change>(parts_, type);
  change->name = name;
  change->subresource = subresource;
  change->form = patch_type == PatchType::Apply ? Change::Form::Apply : Change::Form::Patch;
  change->options = std::move(options);
  Change* raw = change.get();  // the edit lives inside the change
  change->edit = [raw, patch_type, force, patch = std::move(patch)](const Json* current) -> Result<Json> {
    if (patch_type == PatchType::Apply) return apply_tree(*raw, current, patch, force);
    return patch_tree(*raw, patch_type, *current, patch);
  };
  change->done = std::move(done);
  run(change);
}

}  // namespace charter
