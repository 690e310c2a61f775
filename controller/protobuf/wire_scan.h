#pragma once

#include "controller/base/result.h"

#include <string_view>

namespace google::protobuf {
class Descriptor;
}  // namespace google::protobuf

// Looks over bytes from outside before a parser allocates anything for them. Internal to this
// folder.
namespace charter {

/// Refuses what is no message of `type`, text that is not UTF-8, and more than kDocumentNodesMax
/// fields or kDocumentDepthMax levels in it: two bytes on the wire are a hundred in memory. Linear.
/// Errors: BadRequest in the words of the parser that kube-apiserver uses.
Status scan_wire(std::string_view bytes, const google::protobuf::Descriptor& type);

}  // namespace charter
