#include "controller/cli/cluster_reviews.h"

#include "controller/api/status_body.h"
#include "controller/object/user_info.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace charter {
namespace {

constexpr const char* kTokenReviews = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

}  // namespace

Result<std::optional<Caller>> review_token(RestTransport& transport, std::string_view token) {
  const Json review = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenReview"},
                       {"spec", {{"token", token}}}};
  CHARTER_TRY_ASSIGN(const Json answer, transport.post(kTokenReviews, review));
  const Json* user = at(answer, {"status", "user"});
  if (!flag_at(answer, {"status", "authenticated"}, false) || user == nullptr)
    return std::optional<Caller>();
  Caller caller = caller_of(*user);
  if (caller.user.empty()) return std::optional<Caller>();
  return std::optional(std::move(caller));
}

Result<bool> review_access(RestTransport& transport, const Caller& caller,
                           const AccessRequest& access, const std::string& version) {
  Json attributes = {{"group", access.group},  {"version", version},  {"resource", access.resource},
                     {"namespace", access.ns}, {"name", access.name}, {"verb", access.verb}};
  if (!access.subresource.empty()) attributes["subresource"] = access.subresource;
  Json spec = user_info(caller);
  spec["user"] = std::move(spec["username"]);  // as it is called here
  spec.erase("username");
  spec["resourceAttributes"] = std::move(attributes);
  const Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SubjectAccessReview"},
                       {"spec", std::move(spec)}};
  CHARTER_TRY_ASSIGN(const Json answer, transport.post(kAccessReviews, review));
  return flag_at(answer, {"status", "allowed"}, false);
}

void answer_elsewhere(HeavyWorkers& workers, std::chrono::microseconds cost, const char* crowded,
                      HttpRequest request, Respond respond,
                      std::function<HttpResponse(const HttpRequest&)> judge) {
  const auto kept = std::make_shared<HttpRequest>(std::move(request));
  const auto answered = std::make_shared<Respond>(std::move(respond));
  const auto busy = [answered, crowded] {
    (*answered)(status_response({Code::TooManyRequests, crowded, {}, {}, {}, 1}));
  };
  HeavyWork work{kept->flow, kept->body.size(), cost,
                 [kept, answered, judge = std::move(judge)] { (*answered)(judge(*kept)); }, busy};
  if (!workers.submit(std::move(work))) busy();
}

}  // namespace charter
