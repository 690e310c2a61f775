#include "controller/api/table.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <set>

#include "controller/api/json_path.h"
#include "controller/api/rbac_columns.h"
#include "controller/api/rbac_validate.h"

namespace charter {

/// A column with its compiled path.
struct ColumnPath {
  PrinterColumn column;
  JsonPath path;
  bool binding = false;  ///< of a kind whose cells are more than what a path selects
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

const std::string kMetadataKey = json_key("metadata");

/// PartialObjectMetadata up to its metadata, and from there on.
constexpr std::string_view kPartialHead =
    "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":";

std::string_view metadata_or_empty(std::string_view metadata) {
  return metadata.empty() ? std::string_view("{}") : metadata;
}

/// The text of a JSON string.
std::string unquoted(std::string_view value) {
  const auto tree = parse_json(value);
  return tree && tree->is_string() ? tree->get<std::string>() : std::string();
}

/// Values as one JSON string: texts as they are, everything else as its JSON, joined by commas.
std::string joined(const std::vector<std::string_view>& values) {
  std::string out = "\"";
  for (const std::string_view value : values) {
    if (out.size() > 1) out += ',';
    // A text's escapes stay what they are; quotes of other JSON must become escapes.
    const std::string quoted = value.front() == '"' ? std::string() : json_key(value);
    const std::string_view text = quoted.empty() ? value : std::string_view(quoted);
    out += text.substr(1, text.size() - 2);
  }
  return out + '"';
}

// Columns of built-in kinds have types that definitions of users cannot have, and are text to clients:
//   age        like a date
//   count      how many members the object or array at the path has; 0 when there is none
//   reference  "kind/name" of the object that the path leads to, as kubectl writes it
const std::set<std::string_view> kOwnTypes{"age", "count", "reference"};

std::string shown_type(const PrinterColumn& column) {
  return kOwnTypes.contains(column.type) ? "string" : column.type;
}

std::string count_cell(const std::vector<std::string_view>& found) {
  if (found.empty()) return "0";
  const auto tree = parse_json(found.front());
  return std::to_string(tree && tree->is_structured() ? tree->size() : 0);
}

std::string reference_cell(std::string_view found) {
  const auto tree = parse_json(found);
  if (!tree) return "null";
  std::string kind = text_at(*tree, {"kind"});
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  return json_key(kind + "/" + text_at(*tree, {"name"}));
}

std::string cell(const PrinterColumn& column, const std::vector<std::string_view>& found,
                 Instant now) {
  if (column.type == "count") return count_cell(found);
  if (found.empty() || found.front() == "null") return "null";
  const std::string_view first = found.front();
  if (column.type == "reference") return reference_cell(first);
  if (column.type == "date" || column.type == "age") {
    const auto at = first.front() == '"' ? parse_time(unquoted(first)) : std::nullopt;
    return json_key(at ? human_duration(now - *at) : "<unknown>");
  }
  if (column.type == "integer" || column.type == "number" || column.type == "boolean") {
    const bool scalar = first.front() != '"' && first.front() != '{' && first.front() != '[';
    return scalar ? std::string(first) : "null";
  }
  return joined(found);
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
                           {"type", shown_type(column)},
                           {"format", column.format},
                           {"description", column.description.empty() ? "Custom resource definition column (in JSONPath format): " +
                                                                            column.json_path
                                                                      : column.description},
                           {"priority", column.priority}});
    paths_.push_back({std::move(column), std::move(*path), is_rbac_kind(type)});
  }
  columns_ = encode(definitions);
}

TableWriter::~TableWriter() = default;

std::string TableWriter::cells(const JsonView& object, Instant now) const {
  std::string out = "{\"cells\":[";
  bool first = true;
  for (const ColumnPath& column : paths_) {
    if (!first) out += ',';
    first = false;
    const std::vector<std::string_view> found = column.path.select(object);
    const auto made = column.binding ? rbac_cell(column.column, found) : std::nullopt;
    out += made ? *made : cell(column.column, found, now);
  }
  return out + ']';
}

void TableWriter::append_row(const ObjectPtr& object, Instant now, std::vector<Bytes>& out) const {
  const JsonView view(object->bytes());
  std::string text = cells(view, now);
  if (include_ == IncludeObject::None) {
    out.push_back(Bytes::own(text + ",\"object\":null}"));
    return;
  }
  text += ",\"object\":";
  if (include_ == IncludeObject::Object) {
    out.push_back(Bytes::own(std::move(text)));
    out.push_back({object, object->bytes()});
    out.push_back({nullptr, "}"});
    return;
  }
  text += kPartialHead;
  out.push_back(Bytes::own(std::move(text)));
  out.push_back({object, metadata_or_empty(view.member(kMetadataKey))});
  out.push_back({nullptr, "}}"});
}

std::string TableWriter::row(const ObjectPtr& object, Instant now) const {
  std::vector<Bytes> pieces;
  append_row(object, now, pieces);
  std::string out;
  for (const Bytes& piece : pieces)
    out += piece.view;
  return out;
}

std::string TableWriter::head(std::string_view metadata, Columns shown) const {
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"" + version_ + "\",\"metadata\":";
  out += metadata;
  return out +
         ",\"columnDefinitions\":" + (shown == Columns::Shown ? columns_ : std::string("null")) +
         ",\"rows\":[";
}

std::string TableWriter::table(std::string_view rows, std::string_view metadata,
                               Columns shown) const {
  std::string out = head(metadata, shown);
  out += rows;
  return out.append(kTail);
}

void append_partial_object(const ObjectPtr& object, std::vector<Bytes>& out) {
  out.push_back({nullptr, kPartialHead});
  out.push_back({object, metadata_or_empty(JsonView(object->bytes()).member(kMetadataKey))});
  out.push_back({nullptr, "}"});
}

}  // namespace charter
