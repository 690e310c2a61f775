#include "controller/api/flow.h"

namespace charter {

FlowPtr FlowTable::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Flow>& known = flows_[name];
  if (FlowPtr flow = known.lock()) return flow;
  auto flow = std::make_shared<Flow>(name);
  known = flow;
  if (flows_.size() >= prune_at_) prune();
  return flow;
}

// Each pruning is paid for by as many new flows as there were left after the one before.
void FlowTable::prune() {
  std::erase_if(flows_, [](const auto& entry) { return entry.second.expired(); });
  prune_at_ = 64 + 2 * flows_.size();
}

MetricLabels flow_control_labels(const char* level) {
  return {{"priority_level", level}, {"flow_schema", level}};
}

Counter& flow_control_rejections(Metrics& metrics, const char* reason, const char* level) {
  MetricLabels labels = flow_control_labels(level);
  labels.emplace_back("reason", reason);
  return metrics.counter("apiserver_flowcontrol_rejected_requests_total",
                         "Requests answered with 429, by reason.", labels);
}

std::string flow_of_address(std::string_view remote) {
  return "address:" + std::string(remote.substr(0, remote.rfind(':')));
}

}  // namespace charter
