#pragma once

#include "controller/base/command.h"
#include "controller/base/result.h"
#include "controller/postgres/postgres_address.h"
#include "controller/runtime/kubeconfig.h"
#include "controller/runtime/leader_elector.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace charter {

/// What `charter operator` was told, judged before anything starts.
struct OperatorOptions {
  Kubeconfig cluster;
  std::string data_dir;
  /// Where the ledger is, if it is in PostgreSQL; else it is DATA_DIR/ledger.db.
  std::optional<PostgresAddress> ledger;
  std::string host;
  uint16_t port = 0;
  bool leader_elect = true;
  LeaderElectionSettings election;
  bool install_definitions = false;
  /// Where the API server reaches our webhooks: "namespace/name" of a Service, or a URL; both
  /// empty: none are registered.
  std::string webhook_service, webhook_url;
  /// A ClusterRole with which the registration goes, empty: none.
  std::string webhook_owner;
};

/// The flags; those of leader election are kube-controller-manager's.
std::vector<CommandFlag> operator_flags();
/// Reads them. Errors: Invalid naming the flag; as read_kubeconfig and in_cluster_config.
Result<OperatorOptions> operator_options(const CommandInput& input);

}  // namespace charter
