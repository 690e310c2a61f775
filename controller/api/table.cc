#include "controller/api/table.h"

#include <nlohmann/json.hpp>

#include "controller/api/json_path.h"

namespace charter {

/// A column with its compiled path.
struct ColumnPath {
  PrinterColumn column;
  JsonPath path;
};

namespace {

PrinterColumn name_column() {
  return {"Name", "string", "name",
          "Name must be unique within a namespace. Is required when creating resources. Cannot be updated.",
          ".metadata.name", 0};
}

PrinterColumn age_column() {
  return {"Age", "date", "", "Time since creation", ".metadata.creationTimestamp", 0};
}

std::vector<PrinterColumn> columns_of(const ResourceType& type) {
  std::vector<PrinterColumn> columns{name_column()};
  columns.insert(columns.end(), type.columns.begin(), type.columns.end());
  if (type.columns.empty()) columns.push_back(age_column());
  return columns;
}

Json partial_tree(const Json& tree) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", tree.value("metadata", Json::object())}};
}

}  // namespace

Result<IncludeObject> parse_include_object(std::string_view word) {
  if (word.empty() || word == "Metadata") return IncludeObject::Metadata;
  if (word == "None") return IncludeObject::None;
  if (word == "Object") return IncludeObject::Object;
  return Error{Code::BadRequest, "Unable to convert to Table as requested: includeObject: Invalid value: " +
                                     encode(Json(word)) + ": must be 'Metadata', 'Object', 'None', or empty"};
}

TableWriter::TableWriter(const ResourceType& type, const Representation& shape, IncludeObject include)
    : version_("meta.k8s.io/" + shape.table_version), include_(include) {
  Json definitions = Json::array();
  for (PrinterColumn& column : columns_of(type)) {
    auto path = JsonPath::parse(column.json_path);
    if (!path) continue;  // validate_definition refuses such columns; an old stored one must not break lists
    definitions.push_back({{"name", column.name},
                           {"type", column.type},
                           {"format", column.format},
                           {"description", column.description.empty() ? "Custom resource definition column (in JSONPath format): " +
                                                                            column.json_path
                                                                      : column.description},
                           {"priority", column.priority}});
    paths_.push_back({std::move(column), std::move(*path)});
  }
  columns_ = encode(definitions);
}

TableWriter::~TableWriter() = default;

std::string TableWriter::cell(const ColumnPath& column, const Json& tree, Instant now) const {
  const std::vector<const Json*> found = column.path.select(tree);
  if (found.empty() || found.front()->is_null()) return "null";
  const Json& first = *found.front();
  const std::string& kind = column.column.type;
  if (kind == "date") {
    const auto at = first.is_string() ? parse_time(first.get_ref<const std::string&>()) : std::nullopt;
    return encode(Json(at ? human_duration(now - *at) : "<unknown>"));
  }
  if (kind == "integer" || kind == "number" || kind == "boolean") {
    return first.is_number() || first.is_boolean() ? encode(first) : "null";
  }
  std::string text;
  for (const Json* node : found) {
    if (!text.empty()) text += ",";
    text += node->is_string() ? node->get<std::string>() : encode(*node);
  }
  return encode(Json(text));
}

std::string TableWriter::row(const Encoded& object, Instant now) const {
  const Json tree = object.tree();
  std::string out = "{\"cells\":[";
  bool first = true;
  for (const ColumnPath& column : paths_) {
    if (!first) out += ',';
    first = false;
    out += cell(column, tree, now);
  }
  out += ']';
  if (include_ == IncludeObject::Metadata) out += ",\"object\":" + encode(partial_tree(tree));
  if (include_ == IncludeObject::Object) out += ",\"object\":" + std::string(object.bytes());
  return out + "}";
}

std::string TableWriter::table(std::string_view rows, std::string_view metadata, Columns shown) const {
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"" + version_ + "\",\"metadata\":";
  out += metadata;
  out += ",\"columnDefinitions\":" + (shown == Columns::Shown ? columns_ : std::string("null")) + ",\"rows\":[";
  out += rows;
  return out + "]}";
}

std::string partial_object(const Encoded& object) { return encode(partial_tree(object.tree())); }

}  // namespace charter
