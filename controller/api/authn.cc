#include "controller/api/authn.h"

namespace charter {

std::optional<Caller> authenticate(const HttpRequest& request) {
  if (!request.peer || request.peer->common_name.empty()) return std::nullopt;
  Caller caller;
  caller.user = request.peer->common_name;
  caller.groups = request.peer->organizations;
  caller.groups.emplace_back("system:authenticated");
  caller.agent = request.header("user-agent");
  return caller;
}

}  // namespace charter
