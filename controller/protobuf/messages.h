#pragma once

#include <memory>
#include <string_view>

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

// Which message a kind has. Internal to this folder.
namespace charter {

/// The message of a kind, or null.
const google::protobuf::Descriptor* find_message(std::string_view api_version,
                                                 std::string_view kind);

/// An empty message of that type.
std::unique_ptr<google::protobuf::Message> new_message(const google::protobuf::Descriptor& type);

}  // namespace charter
