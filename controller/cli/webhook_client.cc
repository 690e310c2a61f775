#include "controller/cli/webhook_client.h"

#include "controller/webhooks/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace charter {

Result<std::shared_ptr<RestTransport>> HttpsWebhooks::connection(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Error{Code::ServiceUnavailable, "the server is stopping"};
  if (const auto found = connections_.find(key); found != connections_.end()) return found->second;
  const auto& [server, ca_pem, timeout] = key;
  Kubeconfig config;
  config.context = server;
  config.server = server;
  config.ca_pem = ca_pem;
  CHARTER_TRY_ASSIGN(auto opened,
                     RestTransport::open(config, timeout, limits::kWebhookAnswerBytesMax));
  // Calls in progress hold theirs.
  if (connections_.size() >= limits::kWebhookConnectionsMax) connections_.clear();
  return connections_.emplace(key, std::move(opened)).first->second;
}

Result<Json> HttpsWebhooks::post(const WebhookTarget& target, const Json& review,
                                 Duration timeout) {
  const size_t path = target.url.find('/', std::string_view("https://").size());
  const bool bare = path == std::string::npos;
  // Whole seconds: what is left after other webhooks would make a connection of its own each time.
  const auto seconds =
      std::max(std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(timeout));
  CHARTER_TRY_ASSIGN(const auto opened,
                     connection({target.url.substr(0, path), target.ca_pem, seconds}));
  return opened->post(
      (bare ? "/" : target.url.substr(path)) + "?timeout=" + std::to_string(seconds.count()) + "s",
      review);
}

void HttpsWebhooks::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& [key, open] : connections_)
    open->cancel();
}

}  // namespace charter
