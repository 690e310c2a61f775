#include "controller/protobuf/protobuf.h"

#include "controller/protobuf/from_json.h"
#include "controller/protobuf/messages.h"
#include "controller/protobuf/to_json.h"
#include "controller/protobuf/wire_scan.h"
#include "wire/meta_v1.pb.h"
#include "wire/runtime.pb.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::string_view kMagic("k8s\0", 4);
constexpr size_t kSummaryBytes = 30;  // of a body in an error, as kube-apiserver shows it

/// Maps in the order of their keys, so that the same document is always the same bytes.
std::string serialize(const Message& message) {
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&coded);
  coded.Trim();
  return out;
}

std::string wrap(std::string_view api_version, std::string_view kind, std::string raw) {
  wire::runtime::Unknown envelope;
  envelope.mutable_typemeta()->set_apiversion(std::string(api_version));
  envelope.mutable_typemeta()->set_kind(std::string(kind));
  envelope.set_raw(std::move(raw));
  envelope.set_contentencoding("");
  envelope.set_contenttype("");
  return std::string(kMagic) + serialize(envelope);
}

/// The start of a body for an error message: text as it is, anything else in hexadecimal.
std::string summarize(std::string_view bytes) {
  if (bytes.empty()) return "<empty>";
  const std::string_view shown = bytes.substr(0, kSummaryBytes);
  std::string out;
  if (bytes.front() == '{') {
    out = shown;
  } else {
    for (const char c : shown) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return shown.size() < bytes.size() ? out + " ..." : out;
}

Result<wire::runtime::Unknown> open_envelope(std::string_view bytes) {
  const auto bad = [](const char* why) { return Error{Code::BadRequest, why}; };
  if (bytes.empty()) return bad("empty data");
  if (!bytes.starts_with(kMagic)) {
    return bad(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  bytes.remove_prefix(kMagic.size());
  if (bytes.empty()) return bad("empty body");
  wire::runtime::Unknown envelope;
  CHARTER_TRY(scan_wire(bytes, *wire::runtime::Unknown::descriptor()));
  if (!envelope.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return bad("unexpected EOF");
  if (envelope.typemeta().kind().empty()) return bad("Object 'Kind' is missing");
  if (envelope.typemeta().apiversion().empty()) return bad("Object 'apiVersion' is missing");
  return envelope;
}

Result<Json> read_document(const wire::runtime::Unknown& envelope) {
  const std::string& api_version = envelope.typemeta().apiversion();
  const std::string& kind = envelope.typemeta().kind();
  const Descriptor* type = find_message(api_version, kind);
  if (type == nullptr) {
    return Error{Code::BadRequest, "no kind " + encode(Json(kind)) + " is registered for version " +
                                       encode(Json(api_version))};
  }
  CHARTER_TRY(scan_wire(envelope.raw(), *type));
  const auto message = new_message(*type);
  if (!message->ParsePartialFromString(envelope.raw()))
    return Error{Code::BadRequest, "unexpected EOF"};
  CHARTER_TRY_ASSIGN(Json document, to_json(*message));
  document["apiVersion"] = api_version;
  document["kind"] = kind;
  return document;
}

Error no_message(std::string_view api_version, std::string_view kind) {
  return {Code::NotAcceptable, std::string(api_version) + ", Kind=" + std::string(kind) +
                                   " does not implement the protobuf marshalling interface and "
                                   "cannot be encoded to a protobuf message"};
}

}  // namespace

bool has_protobuf(std::string_view api_version, std::string_view kind) {
  return find_message(api_version, kind) != nullptr;
}

Result<Json> decode_protobuf(std::string_view bytes, const std::string& expected_kind) {
  const auto envelope = open_envelope(bytes);
  if (!envelope) {
    return Error{Code::BadRequest, "the object provided is unrecognized (must be of type " +
                                       expected_kind + "): " + envelope.error().message + " (" +
                                       summarize(bytes) + ")"};
  }
  auto document = read_document(*envelope);
  if (document) return document;
  // Kind and version are the client's bytes: encoding them as JSON keeps the message valid UTF-8.
  const std::string& api_version = envelope->typemeta().apiversion();
  const std::string version = api_version.substr(api_version.find('/') + 1);
  const std::string kind = encode(Json(envelope->typemeta().kind()));
  return Error{Code::BadRequest, kind.substr(1, kind.size() - 2) + " in version " +
                                     encode(Json(version)) + " cannot be handled as a " +
                                     expected_kind + ": " + document.error().message};
}

Result<std::string> encode_protobuf(const Json& document) {
  const std::string api_version = text_at(document, {"apiVersion"});
  const std::string kind = text_at(document, {"kind"});
  const Descriptor* type = find_message(api_version, kind);
  if (type == nullptr) return no_message(api_version, kind);
  const auto message = new_message(*type);
  CHARTER_TRY(from_json(document, *message));
  return wrap(api_version, kind, serialize(*message));
}

Result<std::string> protobuf_watch_frame(std::string_view type, const Json& object) {
  CHARTER_TRY_ASSIGN(std::string inner, encode_protobuf(object));
  wire::meta::v1::WatchEvent event;
  event.set_type(std::string(type));
  event.mutable_object()->set_raw(std::move(inner));
  const std::string frame = serialize(event);
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>(frame.size() >> shift & 0xffU);  // big-endian
  return out + frame;
}

/// The list so far.
struct ProtobufList::State {
  std::string api_version, kind;
  std::unique_ptr<Message> list;
  const google::protobuf::FieldDescriptor* items = nullptr;
};

ProtobufList::ProtobufList(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProtobufList::ProtobufList(ProtobufList&&) noexcept = default;
ProtobufList::~ProtobufList() = default;

Result<ProtobufList> ProtobufList::begin(std::string_view api_version, std::string_view list_kind,
                                         const Json& metadata) {
  const Descriptor* type = find_message(api_version, list_kind);
  if (type == nullptr || type->FindFieldByName("items") == nullptr)
    return no_message(api_version, list_kind);
  auto state = std::make_unique<State>();
  state->api_version = api_version;
  state->kind = list_kind;
  state->list = new_message(*type);
  state->items = type->FindFieldByName("items");
  CHARTER_TRY(from_json({{"metadata", metadata}}, *state->list));
  return ProtobufList(std::move(state));
}

Status ProtobufList::add(const Json& item) {
  return from_json(item,
                   *state_->list->GetReflection()->AddMessage(state_->list.get(), state_->items));
}

std::string ProtobufList::finish() {
  return wrap(state_->api_version, state_->kind, serialize(*state_->list));
}

}  // namespace charter
