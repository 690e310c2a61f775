#include "controller/api/media_type.h"

#include "controller/protobuf/protobuf.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

namespace charter {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// One clause of Accept: a type and its parameters.
struct Clause {
  std::string type;
  std::map<std::string, std::string, std::less<>> params;
};

std::string_view take_until(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(head);
}

Clause parse_clause(std::string_view text) {
  Clause clause;
  clause.type = bare_media_type(take_until(text, ';'));
  while (!text.empty()) {
    std::string_view param = take_until(text, ';');
    const std::string_view key = take_until(param, '=');
    clause.params.emplace(key, trim(param));
  }
  return clause;
}

std::optional<Representation::Syntax> syntax_of(const Clause& clause) {
  if (clause.type == "*/*" || clause.type == "application/*" || clause.type == "application/json") {
    return Representation::Syntax::JsonText;
  }
  if (clause.type == "application/yaml") return Representation::Syntax::YamlText;
  if (clause.type == kProtobufMediaType) return Representation::Syntax::Protobuf;
  return std::nullopt;
}

std::optional<Representation> serve(const Clause& clause, PlainProtobuf protobuf) {
  const auto syntax = syntax_of(clause);
  if (!syntax) return std::nullopt;
  Representation out;
  out.syntax = *syntax;
  const bool binary = out.syntax == Representation::Syntax::Protobuf;
  const auto as = clause.params.find("as");
  if (as == clause.params.end()) {
    if (binary && protobuf == PlainProtobuf::Unavailable) return std::nullopt;
    return out;
  }
  const auto group = clause.params.find("g");
  const auto version = clause.params.find("v");
  if (group == clause.params.end() || group->second != "meta.k8s.io" || version == clause.params.end()) return std::nullopt;
  if (version->second != "v1" && version->second != "v1beta1") return std::nullopt;
  if (as->second == "Table") {
    if (binary) return std::nullopt;  // its cells are of any type: there is no message for it
    out.as = Representation::As::Table;
    out.table_version = version->second;
    return out;
  }
  if (as->second != "PartialObjectMetadata" && as->second != "PartialObjectMetadataList") return std::nullopt;
  out.as = Representation::As::Partial;
  return out;
}

}  // namespace

std::string bare_media_type(std::string_view content_type) {
  std::string out(trim(content_type.substr(0, std::min(content_type.find(';'), content_type.size()))));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Result<Representation> negotiate(std::string_view accept, PlainProtobuf protobuf) {
  if (trim(accept).empty()) return Representation{};
  while (!accept.empty()) {
    if (auto served = serve(parse_clause(take_until(accept, ',')), protobuf)) return *served;
  }
  return Error{Code::NotAcceptable,
               "only the following media types are accepted: application/json, application/yaml, " +
                   std::string(kProtobufMediaType)};
}

Representation::Syntax negotiate_failure(std::string_view accept) {
  while (!accept.empty()) {
    const Clause clause = parse_clause(take_until(accept, ','));
    if (clause.params.contains("as")) continue;
    if (const auto syntax = syntax_of(clause)) return *syntax;
  }
  return Representation::Syntax::JsonText;
}

bool wants_aggregated_discovery(std::string_view accept, std::string& version) {
  while (!accept.empty()) {
    const Clause clause = parse_clause(take_until(accept, ','));
    const auto as = clause.params.find("as");
    const auto group = clause.params.find("g");
    const auto asked = clause.params.find("v");
    if (clause.type == "application/json" && as == clause.params.end()) return false;
    const bool ours = clause.type == "application/json" && as != clause.params.end() && as->second == "APIGroupDiscoveryList" &&
                      group != clause.params.end() && group->second == "apidiscovery.k8s.io" && asked != clause.params.end();
    if (ours && (asked->second == "v2" || asked->second == "v2beta1")) {
      version = asked->second;
      return true;
    }
  }
  return false;
}

}  // namespace charter
