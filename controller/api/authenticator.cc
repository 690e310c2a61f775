#include "controller/api/authenticator.h"

#include "controller/api/token_verifier.h"

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kAuthenticated = "system:authenticated";

}  // namespace

std::optional<std::string_view> bearer_token(std::string_view header) {
  const size_t space = header.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::string scheme(header.substr(0, space));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (scheme != "bearer") return std::nullopt;
  header.remove_prefix(std::min(header.find_first_not_of(' ', space), header.size()));
  return header;
}

Caller anonymous() {
  return {"system:anonymous", "", {"system:unauthenticated"}, "", {}};
}

void add_authenticated(Caller& caller) {
  auto& groups = caller.groups;
  if (std::find(groups.begin(), groups.end(), kAuthenticated) == groups.end())
    groups.emplace_back(kAuthenticated);
}

bool Authenticator::await(const HttpRequest& request, std::function<void()> then) const {
  if (!tokens_ || (request.peer && !request.peer->common_name.empty())) return false;
  const auto token = bearer_token(request.header("authorization"));
  return token && tokens_->await(*token, std::move(then));
}

Result<Caller> Authenticator::authenticate(const HttpRequest& request) const {
  Caller caller;
  if (request.peer && !request.peer->common_name.empty()) {
    caller.user = request.peer->common_name;
    caller.groups = request.peer->organizations;
    add_authenticated(caller);
  } else if (const auto token = bearer_token(request.header("authorization"))) {
    auto owner = tokens_ ? tokens_->verify(*token, {}) : std::nullopt;
    if (!owner) return Error{Code::Unauthorized, "Unauthorized"};
    caller = std::move(owner->caller);
    add_authenticated(caller);
  } else {
    caller = anonymous();
  }
  caller.agent = request.header("user-agent");
  return caller;
}

}  // namespace charter
