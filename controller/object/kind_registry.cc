#include "controller/object/kind_registry.h"

#include "controller/object/definition.h"
#include "controller/object/view.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

using Types = std::vector<std::shared_ptr<const ResourceType>>;

std::vector<std::string> texts_at(const Json& tree, std::initializer_list<std::string_view> path) {
  std::vector<std::string> out;
  if (const Json* list = at(tree, path); list != nullptr && list->is_array())
    for (const Json& entry : *list)
      if (entry.is_string()) out.push_back(entry.get<std::string>());
  return out;
}

std::vector<PrinterColumn> read_columns(const Json& version) {
  std::vector<PrinterColumn> out;
  const Json* columns = at(version, {"additionalPrinterColumns"});
  if (columns == nullptr || !columns->is_array()) return out;
  for (const Json& column : *columns) {
    out.push_back(PrinterColumn{text_at(column, {"name"}), text_at(column, {"type"}),
                                text_at(column, {"format"}), text_at(column, {"description"}),
                                text_at(column, {"jsonPath"}),
                                static_cast<int>(int_at(column, {"priority"}).value_or(0))});
  }
  return out;
}

std::shared_ptr<const ScalePaths> read_scale(const Json& version) {
  const Json* scale = at(version, {"subresources", "scale"});
  if (scale == nullptr || !scale->is_object()) return nullptr;
  return std::make_shared<const ScalePaths>(
      ScalePaths{split_path(text_at(*scale, {"specReplicasPath"})),
                 split_path(text_at(*scale, {"statusReplicasPath"})),
                 split_path(text_at(*scale, {"labelSelectorPath"}))});
}

std::vector<std::string> read_selectable(const Json& version) {
  std::vector<std::string> out;
  const Json* fields = at(version, {"selectableFields"});
  if (fields == nullptr || !fields->is_array()) return out;
  for (const Json& field : *fields) {
    const std::string path = text_at(field, {"jsonPath"});
    if (path.size() > 1) out.push_back(path.substr(1));
  }
  return out;
}

// What all versions of a definition have in common.
ResourceType read_shared(const Json& definition, KindRegistry::Origin origin) {
  ResourceType type;
  type.gvr.group = text_at(definition, {"spec", "group"});
  type.gvr.resource = text_at(definition, {"spec", "names", "plural"});
  type.kind = text_at(definition, {"spec", "names", "kind"});
  type.list_kind = text_at(definition, {"spec", "names", "listKind"});
  type.singular = text_at(definition, {"spec", "names", "singular"});
  type.short_names = texts_at(definition, {"spec", "names", "shortNames"});
  type.categories = texts_at(definition, {"spec", "names", "categories"});
  type.namespaced = text_at(definition, {"spec", "scope"}) == "Namespaced";
  type.builtin = origin == KindRegistry::Origin::Builtin;
  const Json* deleted = at(definition, {"metadata", "deletionTimestamp"});
  type.terminating = deleted != nullptr && !deleted->is_null();
  type.definition_uid = text_at(definition, {"metadata", "uid"});
  const std::string version = text_at(definition, {"metadata", "resourceVersion"});
  type.definition_version = std::strtoll(version.c_str(), nullptr, 10);
  return type;
}

std::shared_ptr<const ResourceType> read_version(const ResourceType& shared, const Json& version,
                                                 std::shared_ptr<const Schema> schema) {
  auto type = std::make_shared<ResourceType>(shared);
  type->gvr.version = text_at(version, {"name"});
  type->storage = flag_at(version, {"storage"}, false);
  type->create_only = type->builtin && !type->storage;
  const Json* status = at(version, {"subresources", "status"});
  type->has_status = status != nullptr && status->is_object();
  type->deprecated = flag_at(version, {"deprecated"}, false);
  type->deprecation_warning = text_at(version, {"deprecationWarning"});
  if (type->deprecated && type->deprecation_warning.empty())
    type->deprecation_warning =
        api_version_of(type->gvr.group, type->gvr.version) + " " + type->kind + " is deprecated";
  type->scale = read_scale(version);
  type->schema = std::move(schema);
  type->columns = read_columns(version);
  type->selectable_fields = read_selectable(version);
  return type;
}

Error refuse(const Json& definition, std::vector<Cause> causes) {
  const std::string name = text_at(definition, {"metadata", "name"});
  std::string message =
      "CustomResourceDefinition.apiextensions.k8s.io \"" + name + "\" is invalid: ";
  if (causes.size() > 1) message += '[';
  for (size_t i = 0; i < causes.size(); ++i)
    message.append(i == 0 ? "" : ", ")
        .append(causes[i].field)
        .append(": ")
        .append(causes[i].message);
  if (causes.size() > 1) message += ']';
  return Error{.code = Code::Invalid,
               .message = std::move(message),
               .causes = std::move(causes),
               .subject = Subject{"apiextensions.k8s.io", "CustomResourceDefinition", name, ""}};
}

}  // namespace

std::string ResourceType::bucket() const {
  return bucket_of(gvr.group, gvr.resource);
}

std::string ResourceType::qualified_resource() const {
  return gvr.group.empty() ? gvr.resource : gvr.resource + "." + gvr.group;
}

std::string ResourceType::qualified_kind() const {
  return gvr.group.empty() ? kind : kind + "." + gvr.group;
}

KindTable::KindTable(Types types, int64_t epoch) : types_(std::move(types)), epoch_(epoch) {
  std::sort(types_.begin(), types_.end(),
            [](const auto& left, const auto& right) { return left->gvr < right->gvr; });
  for (const auto& type : types_) {
    by_gvr_.emplace(type->gvr, type.get());
    by_kind_.emplace(std::pair(api_version_of(type->gvr.group, type->gvr.version), type->kind),
                     type.get());
    if (type->storage) by_bucket_.emplace(type->bucket(), type.get());
  }
}

const ResourceType* KindTable::find(const Gvr& gvr) const {
  const auto at = by_gvr_.find(gvr);
  return at == by_gvr_.end() ? nullptr : at->second;
}

const ResourceType* KindTable::find_stored(std::string_view bucket) const {
  const auto at = by_bucket_.find(bucket);
  return at == by_bucket_.end() ? nullptr : at->second;
}

const ResourceType* KindTable::find_kind(std::string_view api_version,
                                         std::string_view kind) const {
  const auto at = by_kind_.find(std::pair(std::string(api_version), std::string(kind)));
  return at == by_kind_.end() ? nullptr : at->second;
}

KindRegistry::KindRegistry() : table_(std::make_shared<const KindTable>(Types{}, 1)) {}

std::shared_ptr<const KindTable> KindRegistry::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

Status KindRegistry::define(const Json& definition, Origin origin) {
  Json complete = definition;
  std::vector<Cause> causes;
  // Kinds of the core have names that no definition may have: the group "" and groups without a
  // dot.
  if (origin == Origin::Definition)
    validate_definition(complete, causes);
  else
    complete_definition(complete);
  if (!causes.empty()) return refuse(definition, std::move(causes));
  const auto schemas = compile_versions(complete, causes);
  if (!causes.empty()) return refuse(definition, std::move(causes));
  const ResourceType shared = read_shared(complete, origin);
  Types types;
  const Json& versions = complete["spec"]["versions"];
  for (size_t i = 0; i < versions.size(); ++i)
    if (flag_at(versions[i], {"served"}, false))
      types.push_back(read_version(shared, versions[i], schemas[i]));
  const std::lock_guard lock(mutex_);
  definitions_[text_at(definition, {"metadata", "name"})] = std::move(types);
  publish();
  return {};
}

void KindRegistry::remove(std::string_view definition_name) {
  const std::lock_guard lock(mutex_);
  const auto at = definitions_.find(definition_name);
  if (at == definitions_.end()) return;
  definitions_.erase(at);
  publish();
}

void KindRegistry::publish() {
  Types all;
  for (const auto& [name, types] : definitions_)
    all.insert(all.end(), types.begin(), types.end());
  table_ = std::make_shared<const KindTable>(std::move(all), table_->epoch() + 1);
}

}  // namespace charter
