#pragma once

#include "controller/api/api_server.h"
#include "controller/api/audit.h"
#include "controller/api/media_type.h"
#include "controller/api/table.h"

namespace charter {

/// One request on its way through the API. Internal to api_server's files.
struct ApiServer::Call {
  HttpRequest request;
  Route route;
  Caller caller;
  Representation shape;
  ResourceTypePtr type;
  IncludeObject include = IncludeObject::Metadata;
  bool waited = false;  ///< for a key that its token may be verified with
  std::string audit_id;
  Instant received;
  AuditTrailPtr audited;  ///< null when nothing of it is recorded
  Respond respond;   ///< adds the common headers and counts; call once
  ObjectName name() const { return {route.ns, route.name}; }
};

}  // namespace charter
