#include "controller/protobuf/wire_scan.h"

#include "controller/base/limits.h"
#include "controller/object/utf8.h"

#include <google/protobuf/descriptor.h>

#include <cctype>
#include <cstdint>
#include <optional>
#include <string>

namespace charter {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };
constexpr unsigned kVarintBytesMax = 10;
constexpr unsigned kGroupBits = 7;

Error bad(std::string message) {
  return {Code::BadRequest, std::move(message)};
}

Error cut_short() {
  return bad("unexpected EOF");
}

Result<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < kVarintBytesMax; ++i) {
    if (bytes.empty()) return cut_short();
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7fU) << (kGroupBits * i);
    if (byte < 0x80) return value;
  }
  return bad("proto: integer overflow");
}

Result<std::string_view> take_bytes(std::string_view& bytes, uint64_t size) {
  if (size > bytes.size()) return cut_short();
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

unsigned wire_type_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
    case FieldDescriptor::CPPTYPE_STRING:
      return kDelimited;
    default:
      return kVarint;  // wire files have no fixed types
  }
}

/// One walk over a document.
class Scan {
 public:
  Status message(std::string_view bytes, const Descriptor& type, size_t depth) {
    if (depth > limits::kDocumentDepthMax) {
      return bad("nesting is deeper than " + std::to_string(limits::kDocumentDepthMax) + " levels");
    }
    while (!bytes.empty()) {
      if (++fields_ > limits::kDocumentNodesMax) {
        return bad("more than " + std::to_string(limits::kDocumentNodesMax) + " fields");
      }
      CHARTER_TRY(field(bytes, type, depth));
    }
    return {};
  }

 private:
  Status field(std::string_view& bytes, const Descriptor& type, size_t depth) {
    CHARTER_TRY_ASSIGN(const uint64_t tag, take_varint(bytes));
    const auto number = static_cast<int64_t>(tag >> 3U);
    const auto wire = static_cast<unsigned>(tag & 7U);
    if (number <= 0 || number > FieldDescriptor::kMaxNumber) {
      return bad("proto: " + type.name() + ": illegal tag " + std::to_string(number) +
                 " (wire type " + std::to_string(wire) + ")");
    }
    const FieldDescriptor* known = type.FindFieldByNumber(static_cast<int>(number));
    if (known != nullptr && wire != wire_type_of(*known)) {
      std::string name = known->name();
      name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
      return bad("proto: wrong wireType = " + std::to_string(wire) + " for field " + name);
    }
    CHARTER_TRY_ASSIGN(const std::string_view content, value(bytes, wire));
    if (known == nullptr) return {};
    if (known->type() == FieldDescriptor::TYPE_STRING && !is_utf8(content)) {
      return bad("field " + known->name() + " contains invalid UTF-8");
    }
    if (known->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return {};
    return message(content, *known->message_type(), depth + 1);
  }

  /// Steps over one value; what a delimited one contains is returned.
  static Result<std::string_view> value(std::string_view& bytes, unsigned wire) {
    switch (wire) {
      case kVarint: {
        CHARTER_TRY(take_varint(bytes));
        return std::string_view();
      }
      case kFixed64:
        return take_bytes(bytes, 8);
      case kFixed32:
        return take_bytes(bytes, 4);
      case kDelimited: {
        CHARTER_TRY_ASSIGN(const uint64_t size, take_varint(bytes));
        return take_bytes(bytes, size);
      }
      default:
        return bad("proto: illegal wireType " +
                   std::to_string(wire));  // groups are not used by any kind
    }
  }

  size_t fields_ = 0;
};

}  // namespace

Status scan_wire(std::string_view bytes, const Descriptor& type) {
  return Scan().message(bytes, type, 1);
}

}  // namespace charter
