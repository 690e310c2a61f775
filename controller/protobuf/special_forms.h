#pragma once

#include "controller/object/value.h"

#include <optional>

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

// Messages whose JSON form is not an object of their fields:
//
//   Time        "2026-06-01T00:00:00Z"; the empty message is an absent value
//   MicroTime   "2026-06-01T00:00:00.000000Z"; likewise
//   FieldsV1    the JSON document in `raw`
//   ExtraValue  the list `items`
//
// Internal to this folder.
namespace charter {

/// Both directions of one special form.
struct SpecialForm {
  /// Nothing for a value that JSON leaves out. Errors: BadRequest.
  Result<std::optional<Json>> (*read)(const google::protobuf::Message& message);
  /// Fills `message`, which is empty. Errors: BadRequest.
  Status (*write)(const Json& value, google::protobuf::Message& message);
};

/// The special form of a message type, or null.
const SpecialForm* find_special_form(const google::protobuf::Descriptor& type);

}  // namespace charter
