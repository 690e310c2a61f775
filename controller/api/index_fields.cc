#include "controller/api/index_fields.h"

#include "controller/object/json_view.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace charter {
namespace {

/// Calls `visit` with each part of a dotted path.
template <class Visit>
void each_part(std::string_view path, const Visit& visit) {
  for (size_t from = 0; from <= path.size();) {
    const size_t dot = std::min(path.find('.', from), path.size());
    visit(path.substr(from, dot - from));
    from = dot + 1;
  }
}

std::string field_text(const Json& tree, std::string_view path) {
  const Json* node = &tree;
  each_part(path, [&node](std::string_view part) {
    if (node == nullptr || !node->is_object()) {
      node = nullptr;
      return;
    }
    const auto next = node->find(part);
    node = next == node->end() ? nullptr : &*next;
  });
  if (node == nullptr || node->is_null() || node->is_structured()) return {};
  return node->is_string() ? node->get<std::string>() : encode(*node);
}

std::string field_text(std::string_view encoded, std::string_view path) {
  std::string_view node = encoded;
  each_part(path, [&node](std::string_view part) { node = json_member(node, json_key(part)); });
  if (node.empty() || node == "null" || node.front() == '{' || node.front() == '[') return {};
  return node.front() == '"' ? json_string(node) : std::string(node);
}

void merge(Pairs& fields, Pairs more) {
  fields.insert(fields.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

Pairs tidy(Pairs fields) {
  std::sort(fields.begin(), fields.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  fields.erase(std::unique(fields.begin(), fields.end(), same), fields.end());
  return fields;
}

/// The kind's own index, or null.
const KindHooks* own_index(const ResourceType& type, const HookTable& hooks) {
  const auto found = hooks.find(type.bucket());
  return found != hooks.end() && found->second.index ? &found->second : nullptr;
}

}  // namespace

Pairs index_fields(const ResourceType& type, const HookTable& hooks, const Json& tree) {
  Pairs fields;
  for (const std::string& path : type.selectable_fields)
    fields.emplace_back(path, field_text(tree, path));
  if (const KindHooks* own = own_index(type, hooks)) merge(fields, own->index(tree));
  return tidy(std::move(fields));
}

Pairs index_fields(const ResourceType& type, const HookTable& hooks, std::string_view encoded) {
  Pairs fields;
  for (const std::string& path : type.selectable_fields)
    fields.emplace_back(path, field_text(encoded, path));
  if (const KindHooks* own = own_index(type, hooks)) merge(fields, own->index(bare_tree(encoded)));
  return tidy(std::move(fields));
}

}  // namespace charter
