#include "controller/api/flow_control.h"

#include "controller/api/authorizer.h"
#include "controller/base/limits.h"

#include <algorithm>
#include <cstdlib>

namespace charter {
namespace {

constexpr std::string_view kAccountUser = "system:serviceaccount:";
constexpr std::string_view kOwnUser = "system:charter";

// Nanoseconds of CPU, release build.
constexpr int64_t kPerJsonByte = 50;  // parsed, pruned, validated, field owners tracked
constexpr int64_t kPerYamlByte = 400;
constexpr int64_t kPerListed = 250;    // one object found and put into the answer as it is stored
constexpr int64_t kPerSelected = 250;  // looked at by selectors
constexpr int64_t kPerPartial = 1'000;
constexpr int64_t kPerRow = 6'000;          // its columns need the parsed object
constexpr int64_t kPerTranslated = 25'000;  // protobuf or YAML
constexpr int64_t kPerRemoved = 20'000;     // of a collection
constexpr int64_t kPerUndone = 500;    // event between now and the older state that is asked for
constexpr int64_t kPerShownByte = 20;  // of one object, in another form than it is stored in

int64_t per_listed(const Representation& shape) {
  if (shape.syntax != Representation::Syntax::JsonText) return kPerTranslated;
  switch (shape.as) {
    case Representation::As::Table:
      return kPerRow;
    case Representation::As::Partial:
      return kPerPartial;
    case Representation::As::Object:
      break;
  }
  return kPerListed;
}

int64_t cost_of_body(const HttpRequest& request) {
  if (request.body.empty()) return 0;
  const std::string_view type = request.header("content-type");
  const bool json = request.body.front() == '{' || request.body.front() == '[';
  const bool yaml = type.find("yaml") != std::string_view::npos && !json;
  return static_cast<int64_t>(request.body.size()) * (yaml ? kPerYamlByte : kPerJsonByte);
}

int64_t cost_of_scan(const Store& store, const ResourceType& type, const Route& route,
                     const Representation& shape) {
  const std::string_view fields = route.param("fieldSelector");
  // One named object is looked up, not searched for.
  if (fields.starts_with("metadata.name=") && fields.find(',') == std::string_view::npos) return 0;
  const auto objects = static_cast<int64_t>(store.count(type.bucket(), route.ns));
  const bool selects = !fields.empty() || !route.param("labelSelector").empty();
  int64_t shown = objects;
  const int64_t limit = std::atoll(std::string(route.param("limit")).c_str());
  // With resourceVersion=0 the limit is ignored.
  if (limit > 0 && route.param("resourceVersion") != "0") shown = std::min(shown, limit);
  int64_t scanned = selects ? objects * kPerSelected : 0;
  if (route.has_param("continue") || route.param("resourceVersionMatch") == "Exact") {
    const int64_t events = store.revision() - store.compacted();
    scanned += std::min<int64_t>(events, limits::kEventRingMax) * kPerUndone;
  }
  switch (route.verb) {
    case Route::Verb::List:
      return scanned + shown * per_listed(shape);
    case Route::Verb::Watch:  // what it sends is made while it is sent
      return scanned + objects * kPerListed;
    default:
      return scanned + objects * kPerRemoved;
  }
}

/// What reading or changing one stored object costs because of its size.
int64_t cost_of_stored(const Store& store, const ResourceType& type, const Route& route,
                       const Representation& shape) {
  if (route.name.empty()) return 0;
  const bool read = route.verb == Route::Verb::Get;
  const bool as_stored = shape.syntax == Representation::Syntax::JsonText &&
                         shape.as == Representation::As::Object && route.subresource != "scale";
  if (read && as_stored) return 0;
  const ObjectPtr object = store.get(type.bucket(), {route.ns, route.name});
  if (!object) return 0;
  return static_cast<int64_t>(object->bytes().size()) * (read ? kPerShownByte : kPerJsonByte);
}

}  // namespace

std::string flow_of(const Caller& caller) {
  if (caller.user == kOwnUser && is_master(caller)) return {};
  if (caller.user.starts_with(kAccountUser)) {
    const std::string_view rest = std::string_view(caller.user).substr(kAccountUser.size());
    return "serviceaccounts:" + std::string(rest.substr(0, rest.find(':')));
  }
  return "user:" + caller.user;
}

std::chrono::microseconds estimate(const Store& store, const ResourceType& type, const Route& route,
                                   const HttpRequest& request, const Representation& shape) {
  int64_t cost = cost_of_body(request) + cost_of_stored(store, type, route, shape);
  const bool of_many = route.verb == Route::Verb::List || route.verb == Route::Verb::Watch ||
                       route.verb == Route::Verb::DeleteCollection;
  if (of_many) cost += cost_of_scan(store, type, route, shape);
  return std::chrono::microseconds(cost / 1'000);
}

std::chrono::microseconds estimate_body(size_t bytes) {
  return std::chrono::microseconds(static_cast<int64_t>(bytes) * kPerJsonByte / 1'000);
}

Error too_many_requests() {
  return Error{.code = Code::TooManyRequests,
               .message = "Too many requests, please try again later.",
               .retry_after_s = 1};
}

bool runs_here(const HeavyWorkers* heavy, std::chrono::microseconds cost) {
  return heavy == nullptr || cost <= limits::kInlineCostMax;
}

Status run_by_cost(HeavyWorkers* heavy, HeavyWork work) {
  if (runs_here(heavy, work.cost)) {
    work.run();
    return {};
  }
  if (heavy->submit(std::move(work))) return {};
  return too_many_requests();
}

}  // namespace charter
