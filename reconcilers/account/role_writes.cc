#include "reconcilers/account/role_writes.h"

#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"

#include <nlohmann/json.hpp>

namespace charter::account {
namespace {

// Somebody else was quicker: the next pass looks again.
Status settled(Status done) {
  if (!done && (done.error().code == Code::NotFound || done.error().code == Code::AlreadyExists ||
                done.error().code == Code::Conflict)) {
    return {};
  }
  return done;
}

Status status_of(const Result<ObjectPtr>& written) {
  return written ? Status() : Status(written.error());
}

Status put(const Runtime& rt, const Account& account, const Json& object) {
  const Gvr& resource = resource_of(object);
  const ObjectName name{text_at(object, {"metadata", "namespace"}),
                        text_at(object, {"metadata", "name"})};
  const auto have = rt.caches.get(kinds::bucket(resource), name);
  if (have == nullptr) {
    Json made = object;
    add_owner(made, kinds::accounts(), account.meta);
    return status_of(rt.client.create(resource, made));
  }
  Json next = have->tree();
  if (next.value("roleRef", Json()) != object.value("roleRef", Json())) {
    return rt.client.remove(resource, name, {.uid = have->header().uid});
  }
  for (const char* member : {"rules", "subjects"}) {
    if (object.contains(member)) next[member] = object[member];
  }
  add_label(next, std::string(kAccountLabel), account.meta.name);
  return status_of(rt.client.update(resource, next, Part::Main));
}

}  // namespace

Status change_role(const Runtime& rt, const Account& account, const RoleChange& change) {
  if (change.kind == RoleChange::Kind::Drop) {
    return settled(rt.client.remove(change.resource, change.name, {.uid = change.uid}));
  }
  for (const Json& object : wanted_roles(account, rt.caches)) {
    const ObjectName name{text_at(object, {"metadata", "namespace"}),
                          text_at(object, {"metadata", "name"})};
    if (resource_of(object) == change.resource && name == change.name)
      return settled(put(rt, account, object));
  }
  return {};
}

}  // namespace charter::account
