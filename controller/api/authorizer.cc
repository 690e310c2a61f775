#include "controller/api/authorizer.h"

#include "controller/base/check.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace charter {
namespace {

constexpr const char* kResources[] = {"roles", "clusterroles", "rolebindings",
                                      "clusterrolebindings"};
constexpr size_t kEventsAtOnce = 256;

/// Buckets of what this follows; made once, because every write asks.
const std::vector<std::string>& followed_buckets() {
  static const std::vector<std::string> kBuckets = [] {
    std::vector<std::string> out;
    for (const char* resource : kResources) out.push_back(bucket_of(kRbacGroup, resource));
    return out;
  }();
  return kBuckets;
}

std::string join_missing(const std::vector<std::string>& missing) {
  if (missing.empty()) return {};
  std::string text;
  for (const std::string& one : missing)
    text += (text.empty() ? "" : ", ") + one;
  return "RBAC: " + (missing.size() > 1 ? "[" + text + "]" : text);
}

}  // namespace

Authorizer::Authorizer(Store& store) : store_(store) {
  // Subscribed before the first look: a change between the two is looked at twice, never missed.
  cursor_ = store_.revision();
  subscription_ =
      store_.subscribe([this](const std::set<std::string, std::less<>>& buckets, int64_t revision) {
        const auto& followed = followed_buckets();
        const bool concerned =
            std::any_of(followed.begin(), followed.end(),
                        [&buckets](const std::string& bucket) { return buckets.contains(bucket); });
        follow(concerned, revision);
      });
  const std::lock_guard lock(follow_mutex_);
  for (const char* resource : kResources)
    load(resource);
  const std::lock_guard publish(table_mutex_);
  table_ = compiler_.compile();
}

Authorizer::~Authorizer() {
  store_.unsubscribe(subscription_);
}

void Authorizer::load(const char* resource) {
  store_.view().scan(bucket_of(kRbacGroup, resource), "", [&](const ObjectPtr& object) {
    const Json tree = object->tree();
    compiler_.put(resource, {object->header().ns, object->header().name}, &tree);
    return true;
  });
}

void Authorizer::follow(bool concerned, int64_t revision) {
  const std::lock_guard lock(follow_mutex_);
  // The place in the log moves with every write, or the events after it would be compacted away one
  // day.
  const int64_t from = std::exchange(cursor_, std::max(cursor_, revision));
  if (!concerned) return;
  for (const char* resource : kResources) {
    const std::string bucket = bucket_of(kRbacGroup, resource);
    for (int64_t cursor = from;;) {
      auto events = store_.events(bucket, cursor, kEventsAtOnce);
      CHECK(
          events.has_value());  // called for every publish, so the cursor is never behind the ring
      if (events->empty()) break;
      for (const StoreEventPtr& event : *events) {
        cursor = event->revision;
        const ObjectName name{event->object->header().ns, event->object->header().name};
        if (event->kind == StoreEvent::Kind::Deleted) {
          compiler_.put(resource, name, nullptr);
          continue;
        }
        const Json tree = event->object->tree();
        compiler_.put(resource, name, &tree);
      }
    }
  }
  auto compiled = compiler_.compile();
  const std::lock_guard publish(table_mutex_);
  table_ = std::move(compiled);
}

std::shared_ptr<const RbacTable> Authorizer::table() const {
  const std::lock_guard lock(table_mutex_);
  return table_;
}

bool Authorizer::allows(const Caller& caller, const AccessRequest& request) const {
  return is_master(caller) || table()->find_grant(caller, request).has_value();
}

Decision Authorizer::decide(const Caller& caller, const AccessRequest& request) const {
  if (is_master(caller)) return {true, {}};
  const auto rules = table();
  if (const auto grant = rules->find_grant(caller, request)) return {true, grant->reason()};
  return {false, join_missing(rules->rules_of(caller, request.ns).missing_roles)};
}

Status Authorizer::check(const Caller& caller, const AccessRequest& request) const {
  if (allows(caller, request)) return {};
  return forbidden_access(caller, request, decide(caller, request).reason);
}

bool is_master(const Caller& caller) {
  return std::find(caller.groups.begin(), caller.groups.end(), "system:masters") !=
         caller.groups.end();
}

Error forbidden_access(const Caller& caller, const AccessRequest& request,
                       const std::string& reason) {
  const std::string who = "User " + go_quote(caller.user) + " cannot " + request.verb + " ";
  const std::string why = reason.empty() ? "" : ": " + reason;
  if (request.path)
    return Error{Code::Forbidden, "forbidden: " + who + "path " + go_quote(*request.path) + why};
  const std::string qualified =
      request.group.empty() ? request.resource : request.resource + "." + request.group;
  const std::string named = request.name.empty() ? "" : " " + go_quote(request.name);
  const std::string scope =
      request.ns.empty() ? " at the cluster scope" : " in the namespace " + go_quote(request.ns);
  return Error{Code::Forbidden,
               qualified + named + " is forbidden: " + who + "resource " +
                   go_quote(request.combined_resource()) + " in API group " +
                   go_quote(request.group) + scope + why,
               {},
               {},
               Subject{request.group, request.resource, request.name, {}}};
}

}  // namespace charter
