#pragma once

namespace charter {

class Applier;
class Metrics;
class ObjectGauges;
class Receivers;

/// What the server that controllers run in offers them. All null where the API server is somebody
/// else's, and in a rehearsal. Everything outlives the manager.
struct OwnServer {
  Applier* applier = nullptr;      ///< applies what others wrote
  Receivers* receivers = nullptr;  ///< calls from outside
  ObjectGauges* gauges = nullptr;  ///< shown with the server's metrics
  Metrics* metrics = nullptr;      ///< the server's
};

}  // namespace charter
