#include "controller/cli/plane_applier.h"

#include "controller/api/authorizer.h"
#include "controller/api/blocking_write.h"
#include "controller/api/service_account_tokens.h"
#include "controller/base/random.h"

#include <nlohmann/json.hpp>

#include <future>
#include <utility>

namespace charter {
namespace {

Caller caller_of(const ObjectName& account) {
  Caller caller = service_account_caller(account.ns, account.name, "");
  caller.groups.emplace_back("system:authenticated");
  return caller;
}

WriteOptions options_for(const ApplyAs& who, DryRun dry_run) {
  WriteOptions options;
  options.caller = caller_of(who.service_account);
  options.caller.agent = who.field_manager;
  options.field_manager = who.field_manager;
  options.validation = FieldValidation::Strict;
  options.dry_run = dry_run;
  return options;
}

Result<ResourceTypePtr> type_of(const ApiParts& parts, const ManifestTarget& target) {
  auto table = parts.kinds.table();
  const ResourceType* found = table->find_kind(target.api_version, target.kind);
  if (found == nullptr) {
    return Error{Code::NotFound, "no kind \"" + target.kind + "\" in version \"" +
                                     target.api_version + "\" is served"};
  }
  if (found->create_only)
    return Error{Code::Invalid, target.kind + " is a question, which cannot be kept applied"};
  return ResourceTypePtr(table, found);
}

Status may(const ApiParts& parts, const ApplyAs& who, const char* verb, const ResourceType& type,
           const ObjectName& name) {
  AccessRequest access;
  access.verb = verb;
  access.group = type.gvr.group;
  access.resource = type.gvr.resource;
  access.ns = name.ns;
  access.name = name.name;
  return parts.authorizer->check(caller_of(who.service_account), access);
}

Status check_place(const ResourceType& type, const ManifestTarget& target) {
  const auto refuse = [](const char* what) { return Error{Code::Invalid, what}; };
  if (target.name.name.empty()) return refuse("metadata.name: Required value");
  if (type.namespaced && target.name.ns.empty())
    return refuse("metadata.namespace: Required value");
  if (!type.namespaced && !target.name.ns.empty())
    return refuse("metadata.namespace: Forbidden: this kind is not in a namespace");
  return {};
}

Result<ObjectPtr> apply_to(ResourceVerbs& verbs, const Json& manifest, const ApplyAs& who,
                           DryRun dry_run) {
  const ManifestTarget target = target_of(manifest);
  CHARTER_TRY_ASSIGN(const ResourceTypePtr type, type_of(verbs.parts(), target));
  CHARTER_TRY(check_place(*type, target));
  CHARTER_TRY(may(verbs.parts(), who, "patch", *type, target.name));
  const Force force = who.force || who.own.contains(target) ? Force::Yes : Force::No;
  BlockingWrite write;
  verbs.patch(type, target.name, PatchType::Apply, manifest, force, "", options_for(who, dry_run),
              write.done());
  CHARTER_TRY_ASSIGN(Written written, write.take());
  return std::move(written.object);
}

/// All objects but Events and Leases, which are no state to judge manifests by.
Status copy_objects(ControlPlane& from, ControlPlane& to) {
  for (const auto& type : from.kinds().table()->all()) {
    if (!type->storage || type->kind == "Event" || type->kind == "Lease") continue;
    Status copied;
    from.store().view().scan(type->bucket(), "", [&](const ObjectPtr& object) {
      if (type->kind == "CustomResourceDefinition")
        copied = to.kinds().define(object->tree(), KindRegistry::Origin::Definition);
      Write write;
      write.key = {type->bucket(), {object->header().ns, object->header().name}};
      write.object = object;
      if (copied) {
        if (auto committed = to.store().commit(std::move(write)); !committed)
          copied = Error(std::move(committed.error()));
      }
      return copied.has_value();
    });
    CHARTER_TRY(std::move(copied));
  }
  return {};
}

}  // namespace

Result<std::vector<ApplyFinding>> PlaneApplier::rehearse(const std::vector<Manifest>& manifests,
                                                         const ApplyAs& who) {
  ManualClock clock(clock_.now());
  SeededRandom random(1);
  Metrics metrics;
  StoreOptions options;
  options.mode = WriterMode::Inline;
  CHARTER_TRY_ASSIGN(const auto copy,
                     ControlPlane::open({product_, clock, random, metrics}, std::move(options)));
  CHARTER_TRY(copy_objects(plane_, *copy));
  std::vector<ApplyFinding> findings;
  for (const Manifest& manifest : manifests) {
    const ManifestTarget target = target_of(*manifest.tree);
    auto applied = apply_to(copy->api().verbs(), *manifest.tree, who, DryRun::No);
    if (!applied) {
      findings.push_back({manifest.source, target, std::move(applied.error())});
    } else if (target.kind == "CustomResourceDefinition") {
      CHARTER_TRY(copy->kinds().define((*applied)->tree(), KindRegistry::Origin::Definition));
    }
  }
  return findings;
}

Result<ObjectPtr> PlaneApplier::apply(const Json& manifest, const ApplyAs& who) {
  return apply_to(plane_.api().verbs(), manifest, who, DryRun::No);
}

Result<ObjectPtr> PlaneApplier::preview(const Json& manifest, const ApplyAs& who) {
  return apply_to(plane_.api().verbs(), manifest, who, DryRun::Yes);
}

ObjectPtr PlaneApplier::find(const ManifestTarget& target) {
  const auto type = type_of(plane_.api().verbs().parts(), target);
  return type ? plane_.store().get((*type)->bucket(), target.name) : nullptr;
}

Status PlaneApplier::remove(const ManifestTarget& target, const std::string& uid,
                            const ApplyAs& who) {
  ResourceVerbs& verbs = plane_.api().verbs();
  CHARTER_TRY_ASSIGN(const ResourceTypePtr type, type_of(verbs.parts(), target));
  CHARTER_TRY(may(verbs.parts(), who, "delete", *type, target.name));
  DeleteOptions options;
  options.uid = uid;
  options.propagation = "Background";
  std::promise<Result<Deleted>> answer;
  verbs.remove(type, target.name, options, options_for(who, DryRun::No),
               [&](Result<Deleted> deleted) { answer.set_value(std::move(deleted)); });
  const auto deleted = answer.get_future().get();
  if (!deleted && deleted.error().code != Code::NotFound) return Error(deleted.error());
  return {};
}

}  // namespace charter
