#pragma once

#include "controller/object/value.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

// A message as JSON. Internal to this folder.
namespace charter {

/// The fields of `message` under their names. A `required` value at zero and an empty
/// list are absent, as Go's omitempty makes them, a `required` message is always there; `optional`
/// ones are there when they were sent. `message` went through scan_wire. Errors: BadRequest for
/// special forms out of range.
Result<Json> to_json(const google::protobuf::Message& message);

}  // namespace charter
