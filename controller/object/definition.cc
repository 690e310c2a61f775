#include "controller/object/definition.h"

#include "controller/object/causes.h"
#include "controller/object/kind_registry.h"
#include "controller/object/labels.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter {
namespace {

constexpr size_t kSelectableFieldsMax = 8;  // as in Kubernetes
constexpr const char* kDnsLabelRule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// Empty when `name` is a DNS-1035 label.
std::string label_problem(const std::string& name) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() > 63) return "must be no more than 63 bytes";
  const bool good =
      !name.empty() && name[0] >= 'a' && name[0] <= 'z' && alnum(name.back()) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return alnum(c) || c == '-'; });
  return good ? "" : kDnsLabelRule;
}

/// Checks one definition; findings are appended in the order of the document.
class DefinitionCheck {
 public:
  DefinitionCheck(const Json& definition, std::vector<Cause>& causes)
      : definition_(definition), spec_(*at(definition, {"spec"})), causes_(causes) {}

  void run() {
    check_name();
    check_group();
    check_scope();
    check_names();
    check_conversion();
    if (flag_at(spec_, {"preserveUnknownFields"}, false))
      causes_.push_back(invalid_cause("spec.preserveUnknownFields", true, "must be false"));
    check_versions();
  }

 private:
  void check_name() {
    const std::string wanted =
        text_at(spec_, {"names", "plural"}) + "." + text_at(spec_, {"group"});
    const std::string name = text_at(definition_, {"metadata", "name"});
    if (name != wanted)
      causes_.push_back(
          invalid_cause("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
  }

  void check_group() {
    const std::string group = text_at(spec_, {"group"});
    if (group.empty()) {
      causes_.push_back(required_cause("spec.group"));
      return;
    }
    if (const std::string problem = subdomain_problem(group); !problem.empty())
      causes_.push_back(invalid_cause("spec.group", group, problem));
    else if (group.find('.') == std::string::npos)
      causes_.push_back(
          invalid_cause("spec.group", group, "should be a domain with at least one dot"));
  }

  void check_scope() {
    const std::string scope = text_at(spec_, {"scope"});
    if (scope.empty())
      causes_.push_back(required_cause("spec.scope"));
    else if (scope != "Cluster" && scope != "Namespaced")
      causes_.push_back(unsupported_cause("spec.scope", scope, {"Cluster", "Namespaced"}));
  }

  void check_names() {
    for (const char* key : {"plural", "singular"}) {
      const std::string name = text_at(spec_, {"names", key}),
                        path = "spec.names." + std::string(key);
      if (name.empty())
        causes_.push_back(required_cause(path));
      else if (const std::string problem = label_problem(name); !problem.empty())
        causes_.push_back(invalid_cause(path, name, problem));
    }
    for (const char* key : {"kind", "listKind"}) {
      const std::string name = text_at(spec_, {"names", key}),
                        path = "spec.names." + std::string(key);
      if (name.empty())
        causes_.push_back(required_cause(path));
      else if (const std::string problem = label_problem(lower(name)); !problem.empty())
        causes_.push_back(invalid_cause(
            path, name, "may have mixed case, but should otherwise match: " + problem));
    }
    const std::string kind = text_at(spec_, {"names", "kind"});
    if (!kind.empty() && kind == text_at(spec_, {"names", "listKind"}))
      causes_.push_back(
          invalid_cause("spec.names.listKind", kind, "kind and listKind may not be the same"));
    for (const char* key : {"shortNames", "categories"}) {
      const Json* list = at(spec_, {"names", key});
      if (list == nullptr || !list->is_array()) continue;
      for (const Json& name : *list) {
        const std::string problem =
            name.is_string() ? label_problem(name.get<std::string>()) : "must be a string";
        if (!problem.empty())
          causes_.push_back(invalid_cause("spec.names." + std::string(key), name, problem));
      }
    }
  }

  // Objects are served in every version as they are stored, so only definitions that need no
  // conversion are taken.
  void check_conversion() {
    const std::string strategy = text_at(spec_, {"conversion", "strategy"});
    if (strategy != "None")
      causes_.push_back(unsupported_cause("spec.conversion.strategy", strategy, {"None"}));
  }

  void check_versions() {
    const Json* versions = at(spec_, {"versions"});
    if (versions == nullptr || !versions->is_array() || versions->empty()) {
      causes_.push_back(required_cause("spec.versions",
                                       "must have exactly one version marked as storage version"));
      return;
    }
    std::set<std::string> names;
    size_t stored = 0;
    for (size_t i = 0; i < versions->size(); ++i) {
      const Json& version = (*versions)[i];
      names.insert(text_at(version, {"name"}));
      stored += flag_at(version, {"storage"}, false) ? 1 : 0;
      check_version(version, "spec.versions[" + std::to_string(i) + "]");
    }
    if (names.size() != versions->size())
      causes_.push_back(
          invalid_cause("spec.versions", *versions, "must contain unique version names"));
    if (stored != 1)
      causes_.push_back(invalid_cause("spec.versions", *versions,
                                      "must have exactly one version marked as storage version"));
    schemas_ = compile_versions(definition_, causes_);
    for (size_t i = 0; i < versions->size(); ++i)
      check_selectable((*versions)[i], i);
  }

  // The place apiextensions reports for a member that all versions agree on is the one it had
  // before versions.
  std::string shared_path(const char* member, const std::string& path) const {
    const Json& versions = spec_["versions"];
    for (const Json& version : versions)
      if (version.value(member, Json()) != versions[0].value(member, Json()))
        return path + "." + member;
    return std::string("spec.") + member;
  }

  void check_version(const Json& version, const std::string& path) {
    const std::string name = text_at(version, {"name"});
    if (const std::string problem = label_problem(name); !problem.empty())
      causes_.push_back(invalid_cause(path + ".name", name, problem));
    for (const char* key : {"served", "storage"})
      if (!version.is_object() || !version.contains(key) || !version[key].is_boolean())
        causes_.push_back(required_cause(path + "." + key));
    if (!text_at(version, {"deprecationWarning"}).empty() &&
        !flag_at(version, {"deprecated"}, false))
      causes_.push_back(invalid_cause(path + ".deprecationWarning",
                                      text_at(version, {"deprecationWarning"}),
                                      "can only be set for deprecated versions"));
    check_columns(version, path);
    check_scale(version, path);
  }

  void check_columns(const Json& version, const std::string& path) {
    const Json* columns = at(version, {"additionalPrinterColumns"});
    if (columns == nullptr || !columns->is_array()) return;
    const std::string list = shared_path("additionalPrinterColumns", path);
    for (size_t i = 0; i < columns->size(); ++i) {
      const Json& column = (*columns)[i];
      const std::string place = list + "[" + std::to_string(i) + "]";
      const std::string type = text_at(column, {"type"});
      static const std::set<std::string> kTypes{"boolean", "date", "integer", "number", "string"};
      if (text_at(column, {"name"}).empty()) causes_.push_back(required_cause(place + ".name"));
      if (type.empty())
        causes_.push_back(
            required_cause(place + ".type", "must be one of boolean,date,integer,number,string"));
      else if (!kTypes.contains(type))
        causes_.push_back(invalid_cause(place + ".type", type,
                                        "must be one of boolean,date,integer,number,string"));
      check_simple_path(text_at(column, {"jsonPath"}), place + ".jsonPath");
    }
  }

  // True when the path is fine.
  bool check_simple_path(const std::string& path, const std::string& place) {
    if (!path.empty() && path[0] == '.') return true;
    if (path.empty())
      causes_.push_back(required_cause(place));
    else
      causes_.push_back(invalid_cause(place, path, "must be a simple json path starting with ."));
    return false;
  }

  void check_scale(const Json& version, const std::string& path) {
    const Json* scale = at(version, {"subresources", "scale"});
    if (scale == nullptr || !scale->is_object()) return;
    const std::string place = shared_path("subresources", path) + ".scale.";
    const std::string spec = text_at(*scale, {"specReplicasPath"});
    const std::string status = text_at(*scale, {"statusReplicasPath"});
    const std::string labels = text_at(*scale, {"labelSelectorPath"});
    if (check_simple_path(spec, place + "specReplicasPath") && !spec.starts_with(".spec."))
      causes_.push_back(
          invalid_cause(place + "specReplicasPath", spec, "should be a json path under .spec"));
    if (check_simple_path(status, place + "statusReplicasPath") && !status.starts_with(".status."))
      causes_.push_back(invalid_cause(place + "statusReplicasPath", status,
                                      "should be a json path under .status"));
    if (!labels.empty() && check_simple_path(labels, place + "labelSelectorPath") &&
        !labels.starts_with(".spec.") && !labels.starts_with(".status."))
      causes_.push_back(invalid_cause(place + "labelSelectorPath", labels,
                                      "should be a json path under either .spec or .status"));
  }

  void check_selectable(const Json& version, size_t index) {
    const Json* fields = at(version, {"selectableFields"});
    if (fields == nullptr || !fields->is_array() || schemas_[index] == nullptr) return;
    const std::string list =
        shared_path("selectableFields", "spec.versions[" + std::to_string(index) + "]");
    if (fields->size() > kSelectableFieldsMax)
      causes_.push_back(too_many_cause(list, fields->size(), kSelectableFieldsMax));
    std::set<std::string> seen;
    for (size_t i = 0; i < fields->size(); ++i) {
      const std::string path = text_at((*fields)[i], {"jsonPath"});
      const std::string place = list + "[" + std::to_string(i) + "].jsonPath";
      if (!check_simple_path(path, place)) continue;
      if (!seen.insert(path).second) causes_.push_back(duplicate_cause(place, path));
      check_selectable_path(*schemas_[index], path, place);
    }
  }

  void check_selectable_path(const Schema& root, const std::string& path,
                             const std::string& place) {
    const std::vector<std::string> segments = split_path(path);
    if (segments.empty() || segments[0] == "metadata") {
      causes_.push_back(invalid_cause(place, path, "must not point to fields in metadata"));
      return;
    }
    const Schema* schema = &root;
    for (const std::string& segment : segments) {
      schema = schema->property(segment);
      if (schema == nullptr) {
        causes_.push_back(invalid_cause(place, path, "is an invalid path: does not exist"));
        return;
      }
    }
    const std::string type = text_at(schema->source(), {"type"});
    if (type != "string" && type != "boolean" && type != "integer")
      causes_.push_back(invalid_cause(place, path,
                                      "must point to a field of type string, boolean or integer. "
                                      "Enum string fields and strings with formats are allowed."));
  }

  const Json& definition_;
  const Json& spec_;
  std::vector<Cause>& causes_;
  std::vector<std::shared_ptr<const Schema>> schemas_;
};

}  // namespace

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  if (path.starts_with('.')) path.remove_prefix(1);
  while (!path.empty()) {
    const size_t dot = path.find('.');
    out.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return out;
}

void complete_definition(Json& definition) {
  Json* spec =
      definition.is_object() && definition.contains("spec") ? &definition["spec"] : nullptr;
  if (spec == nullptr || !spec->is_object()) return;
  Json& names = (*spec)["names"];
  if (!names.is_object()) names = Json::object();
  const std::string kind = text_at(names, {"kind"});
  if (text_at(names, {"singular"}).empty() && !kind.empty()) names["singular"] = lower(kind);
  if (text_at(names, {"listKind"}).empty() && !kind.empty()) names["listKind"] = kind + "List";
  Json& conversion = (*spec)["conversion"];
  if (!conversion.is_object()) conversion = Json::object();
  if (text_at(conversion, {"strategy"}).empty()) conversion["strategy"] = "None";
}

std::vector<std::shared_ptr<const Schema>> compile_versions(const Json& definition,
                                                            std::vector<Cause>& causes) {
  std::vector<std::shared_ptr<const Schema>> out;
  const Json* versions = at(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return out;
  const auto schema_of = [&](size_t i) {
    return at((*versions)[i], {"schema", "openAPIV3Schema"});
  };
  const Json* first = versions->empty() ? nullptr : schema_of(0);
  bool shared = first != nullptr;
  for (size_t i = 1; i < versions->size(); ++i)
    shared = shared && schema_of(i) != nullptr && *schema_of(i) == *first;
  for (size_t i = 0; i < versions->size(); ++i) {
    const std::string place = "spec.versions[" + std::to_string(i) + "].schema.openAPIV3Schema";
    const Json* schema = schema_of(i);
    if (schema == nullptr || schema->is_null()) {
      causes.push_back(required_cause(place, "schemas are required"));
      out.push_back(nullptr);
    } else if (shared && i > 0) {
      out.push_back(out[0]);
    } else {
      // apiextensions reports a schema that all versions share at the place it had in v1beta1.
      out.push_back(
          Schema::compile(*schema, shared ? "spec.validation.openAPIV3Schema" : place, causes));
    }
  }
  return out;
}

void validate_definition(Json& definition, std::vector<Cause>& causes) {
  complete_definition(definition);
  const Json* spec = at(definition, {"spec"});
  if (spec == nullptr || !spec->is_object()) {
    causes.push_back(required_cause("spec"));
    return;
  }
  DefinitionCheck(definition, causes).run();
}

}  // namespace charter
