#pragma once

#include <string>
#include <string_view>

#include "controller/base/result.h"

// Content negotiation of Kubernetes (kubernetes.md 3.3, 4.9): JSON, YAML and protobuf, plain or as
// Table / PartialObjectMetadata. Pure.
namespace charter {

/// In what shape an answer is wanted.
struct Representation {
  enum class Syntax { JsonText, YamlText, Protobuf };
  enum class As { Object, Table, Partial };
  Syntax syntax = Syntax::JsonText;
  As as = As::Object;
  std::string table_version = "v1";  ///< v1 or v1beta1
};

/// Whether the kind itself has a protobuf form. PartialObjectMetadata has one for every kind, Table
/// for none.
enum class PlainProtobuf { Unavailable, Available };

/// Picks the first clause of an Accept header that can be served; empty or */* is JSON. Errors: NotAcceptable.
Result<Representation> negotiate(std::string_view accept, PlainProtobuf protobuf);

/// The syntax for a Status that reports a failure: the first one named without a transformation,
/// JSON when there is none.
Representation::Syntax negotiate_failure(std::string_view accept);

/// True when the clause list asks for aggregated discovery; `version` becomes v2 or v2beta1.
bool wants_aggregated_discovery(std::string_view accept, std::string& version);

/// The bare type of a Content-Type header in lower case: "application/json". Empty for an absent header.
std::string bare_media_type(std::string_view content_type);

}  // namespace charter
