#pragma once

#include "controller/base/metrics.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

// A flow is whoever shares one portion of the server: a user, all ServiceAccounts of a namespace,
// or before anybody has said who he is, a network address. The server treats flows alike and knows
// nothing else of them.
namespace charter {

/// What one flow holds of the server now. Thread-safe.
struct Flow {
  explicit Flow(std::string the_name) : name(std::move(the_name)) {}
  const std::string name;
  std::atomic<size_t> requests = 0;  ///< running, or answered but not yet read
  std::atomic<size_t> bytes = 0;     ///< of bodies, and of answers not yet read
  std::atomic<size_t> streams = 0;   ///< open watches
};
using FlowPtr = std::shared_ptr<Flow>;

/// The flows that somebody holds on to; the others cost nothing. Thread-safe.
class FlowTable {
 public:
  FlowPtr find(const std::string& name);

 private:
  void prune();
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<Flow>> flows_;
  size_t prune_at_ = 64;
};

/// The levels that metrics of flow control tell apart: what works, and what waits for webhooks.
constexpr const char* kTenantsLevel = "tenants";
constexpr const char* kWebhooksLevel = "webhooks";
/// kube-apiserver's labels of everything about flow control.
MetricLabels flow_control_labels(const char* level = kTenantsLevel);
/// Requests answered with 429: "queue-full", "time-out" or "concurrency-limit", as kube-apiserver
/// names the reasons.
Counter& flow_control_rejections(Metrics& metrics, const char* reason,
                                 const char* level = kTenantsLevel);

/// The flow of a client that has not said who it is: its address without the port.
std::string flow_of_address(std::string_view remote);

}  // namespace charter
