#pragma once

#include "controller/object/value.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

// JSON as a message. Internal to this folder.
namespace charter {

/// Fills the empty `message` from the members of `value`; members that it does not know are left
/// out. Every `required` field is written, also when it is absent, so that the bytes are those that
/// Kubernetes sends. Errors: InternalError naming the field whose type does not fit.
Status from_json(const Json& value, google::protobuf::Message& message);

}  // namespace charter
