#pragma once

#include "controller/runtime/rest_transport.h"
#include "controller/webhooks/webhooks.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

namespace charter {

/// Asks webhooks over HTTPS, and keeps the connections to them. Thread-safe.
class HttpsWebhooks final : public WebhookClient {
 public:
  Result<Json> post(const WebhookTarget& target, const Json& review, Duration timeout) override;
  /// Ends all calls, and every later one: nobody waits for a webhook while the server stops.
  void stop();

 private:
  using Key =
      std::tuple<std::string, std::string, Duration>;  // scheme and host, authority, timeout
  Result<std::shared_ptr<RestTransport>> connection(const Key& key);

  std::mutex mutex_;  // guards what follows
  std::map<Key, std::shared_ptr<RestTransport>> connections_;
  bool stopped_ = false;
};

}  // namespace charter
