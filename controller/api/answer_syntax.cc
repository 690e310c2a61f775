#include "controller/api/answer_syntax.h"

#include "controller/api/status_body.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

constexpr std::string_view kJson = "application/json";

std::string_view content_type(const HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Type") return value;
  }
  return {};
}

void replace_body(HttpResponse& response, std::string_view type, std::string body) {
  for (auto& [name, value] : response.headers) {
    if (name == "Content-Type") value = type;
  }
  response.body = {Bytes::own(std::move(body))};
}

}  // namespace

std::string joined(const std::vector<Bytes>& pieces) {
  size_t size = 0;
  for (const Bytes& piece : pieces)
    size += piece.view.size();
  std::string text;
  text.reserve(size);
  for (const Bytes& piece : pieces)
    text += piece.view;
  return text;
}

Result<Json> tree_of(const std::vector<Bytes>& pieces) {
  auto tree = parse_json(joined(pieces));
  if (tree) return tree;
  // Ours is well-formed, but what we add to an object of the largest size can make it larger than a
  // document may be.
  return Error{Code::InternalError, "the document cannot be converted: " + tree.error().message};
}

HttpResponse in_syntax(HttpResponse response, Representation::Syntax syntax) {
  if (syntax == Representation::Syntax::JsonText) return response;
  const auto tree = tree_of(response.body);
  if (!tree) return status_response(tree.error());
  if (syntax == Representation::Syntax::YamlText) {
    replace_body(response, "application/yaml", to_yaml(*tree));
    return response;
  }
  auto binary = encode_protobuf(*tree);
  if (!binary) return status_response(binary.error());
  replace_body(response, kProtobufMediaType, std::move(*binary));
  return response;
}

HttpResponse failure_in_syntax(HttpResponse response, std::string_view accept) {
  if (response.status < 400 || response.stream || content_type(response) != kJson) return response;
  return in_syntax(std::move(response), negotiate_failure(accept));
}

}  // namespace charter
