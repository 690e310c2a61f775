#pragma once

#include "controller/object/value.h"

#include <string>
#include <string_view>

// What YAML's scalars mean to Kubernetes (sigs.k8s.io/yaml, YAML 1.1 with Go's number forms), for
// the reader, and for the writer, which must quote whatever would not come back as the same string.
// Pure.
namespace charter {

/// Null, boolean, number or string that a plain scalar stands for. `.inf` and `.nan` give a number
/// that is not finite.
Json resolve_plain_scalar(std::string_view text);

/// The object key that a resolved scalar becomes: `y` is "true", 0x10 is "16". Errors: BadRequest
/// for null.
Result<std::string> yaml_key(const Json& scalar);

/// Decodes base64 (of `!!binary`), ignoring white space; broken UTF-8 in it becomes U+FFFD. Errors:
/// BadRequest.
Result<std::string> decode_yaml_binary(std::string_view text);

}  // namespace charter
