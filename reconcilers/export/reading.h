#pragma once

#include "controller/runtime/rest_transport.h"

#include <functional>
#include <string>
#include <vector>

namespace charter::exporting {

/// What of a server is to be written.
struct Selected {
  std::string ns;  ///< empty: everything, also what is in no namespace
  /// With the Secrets of the namespaces that are written, and those that are referred to.
  bool secrets = false;
};

/// An export as it grows, in the order of its documents.
struct Manifests {
  std::vector<Json> documents;
  std::vector<std::string> remarks;
  size_t secrets = 0;  ///< documents that hold a Secret's content
};

/// Reads the server and makes its manifests. `seen` is told of how many objects were read so far.
/// Errors: NotFound when the server knows none of our kinds, or not this namespace; what the server
/// says when something may not be read: an export that lacks something would look complete.
Result<Manifests> read_manifests(RestTransport& server, const Selected& selected,
                                 const std::function<void(size_t objects)>& seen);

}  // namespace charter::exporting
