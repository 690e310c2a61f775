#pragma once

#include "controller/object/value.h"

#include <memory>
#include <string>
#include <string_view>

// Kubernetes' protobuf form of documents: bodies of typed clients, answers to them and frames of
// their watches. The only folder that sees protobuf; everybody else hands over JSON. The messages
// are in wire/*.proto; conversion goes by their descriptors, so a new kind costs its message and,
// in a new group, one line in messages.cc. Pure; thread-safe.
namespace charter {

constexpr std::string_view kProtobufMediaType = "application/vnd.kubernetes.protobuf";

/// True when documents of this kind can be read and written as protobuf ("v1", "Secret").
bool has_protobuf(std::string_view api_version, std::string_view kind);

/// The document in `bytes` with its apiVersion and kind. Fields that the message does not know are
/// dropped, as kube-apiserver does. Bounded like every document: kDocumentNodesMax fields,
/// kDocumentDepthMax levels, UTF-8 only. `expected_kind` is for errors only. Errors: BadRequest in
/// kube-apiserver's words.
Result<Json> decode_protobuf(std::string_view bytes, const std::string& expected_kind);

/// `document` by its apiVersion and kind. Errors: NotAcceptable for a kind without a message,
/// InternalError naming the field whose type does not fit (a schema that allows more than the
/// message).
Result<std::string> encode_protobuf(const Json& document);

/// One frame of a watch: the event with `object` inside and its length before it. Errors: as
/// encode_protobuf.
Result<std::string> protobuf_watch_frame(std::string_view type, const Json& object);

/// A list that is built item by item, so that no tree of the whole list exists.
class ProtobufList {
 public:
  /// `list_kind` such as "SecretList"; `metadata` is that of the list. Errors: as encode_protobuf.
  static Result<ProtobufList> begin(std::string_view api_version, std::string_view list_kind,
                                    const Json& metadata);
  /// Adds one object. Errors: as encode_protobuf.
  Status add(const Json& item);
  /// The list with its envelope; the last call.
  std::string finish();

  ProtobufList(ProtobufList&&) noexcept;
  ~ProtobufList();

 private:
  struct State;
  explicit ProtobufList(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// An OpenAPI v2 document (the members that openapi.cc writes) as openapi.v2.Document of gnostic,
/// which is what kubectl reads.
std::string encode_openapi_v2(const Json& document);

}  // namespace charter
