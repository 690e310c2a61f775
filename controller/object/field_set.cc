#include "controller/object/field_set.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

using Entries = std::vector<FieldEntry>;

bool is_element(std::string_view text) {
  return text.size() >= 2 && text[1] == ':' &&
         (text[0] == 'f' || text[0] == 'k' || text[0] == 'v' || text[0] == 'i');
}

bool read_entries(const Json& fields, Entries& out) {
  if (!fields.is_object()) return false;
  out.reserve(fields.size());
  for (const auto& [name, below] : fields.items()) {
    if (name == ".") continue;
    if (!is_element(name) || !below.is_object()) return false;
    FieldEntry entry{name, below.empty() || below.contains("."), {}};
    if (!read_entries(below, entry.children)) return false;
    out.push_back(std::move(entry));
  }
  return true;
}

Json write_entries(const Entries& entries) {
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  for (const FieldEntry& entry : entries) {
    Json below = write_entries(entry.children);
    if (entry.member && !entry.children.empty()) below["."] = Json::object();
    members.emplace_hint(members.end(), entry.element, std::move(below));
  }
  return out;
}

void unite_entries(Entries& left, const Entries& right) {
  if (right.empty()) return;
  Entries out;
  out.reserve(left.size() + right.size());
  auto l = left.begin();
  for (const FieldEntry& entry : right) {
    while (l != left.end() && l->element < entry.element)
      out.push_back(std::move(*l++));
    if (l == left.end() || l->element != entry.element) {
      out.push_back(entry);
      continue;
    }
    l->member |= entry.member;
    unite_entries(l->children, entry.children);
    out.push_back(std::move(*l++));
  }
  std::move(l, left.end(), std::back_inserter(out));
  left = std::move(out);
}

Entries intersect_entries(const Entries& left, const Entries& right) {
  Entries out;
  auto r = right.begin();
  for (const FieldEntry& entry : left) {
    while (r != right.end() && r->element < entry.element)
      ++r;
    if (r == right.end()) break;
    if (r->element != entry.element) continue;
    Entries below = intersect_entries(entry.children, r->children);
    const bool member = entry.member && r->member;
    if (member || !below.empty())
      out.push_back(FieldEntry{entry.element, member, std::move(below)});
  }
  return out;
}

void subtract_entries(Entries& left, const Entries& right) {
  auto r = right.begin();
  for (FieldEntry& entry : left) {
    while (r != right.end() && r->element < entry.element)
      ++r;
    if (r == right.end()) break;
    if (r->element != entry.element) continue;
    if (r->member) entry.member = false;
    subtract_entries(entry.children, r->children);
  }
  std::erase_if(left,
                [](const FieldEntry& entry) { return !entry.member && entry.children.empty(); });
}

void visit_entries(const Entries& entries, const std::string& prefix,
                   const std::function<void(const std::string&)>& visit) {
  for (const FieldEntry& entry : entries)
    if (entry.member) visit(prefix + readable_element(entry.element));
  for (const FieldEntry& entry : entries)
    if (!entry.children.empty())
      visit_entries(entry.children, prefix + readable_element(entry.element), visit);
}

}  // namespace

const FieldEntry* FieldSet::find(std::string_view element) const {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), element,
      [](const FieldEntry& entry, std::string_view wanted) { return entry.element < wanted; });
  return at != entries.end() && at->element == element ? &*at : nullptr;
}

Result<FieldSet> parse_fields(const Json& fields) {
  FieldSet set;
  if (!read_entries(fields, set.entries))
    return Error{.code = Code::BadRequest, .message = "fieldsV1 is no set of fields"};
  return set;
}

Json fields_to_json(const FieldSet& set) {
  return write_entries(set.entries);
}

FieldSet unite(FieldSet left, const FieldSet& right) {
  unite_entries(left.entries, right.entries);
  return left;
}

FieldSet intersect(const FieldSet& left, const FieldSet& right) {
  return FieldSet{intersect_entries(left.entries, right.entries)};
}

FieldSet subtract(FieldSet left, const FieldSet& right) {
  subtract_entries(left.entries, right.entries);
  return left;
}

std::string readable_element(std::string_view element) {
  const std::string_view text = element.substr(2);
  if (element[0] == 'f') return "." + std::string(text);
  if (element[0] == 'i') return "[" + std::string(text) + "]";
  const Json value = Json::parse(text, nullptr, false);
  if (element[0] == 'v') return "[=" + value_text(value) + "]";
  std::string out = "[";
  if (value.is_object())
    for (const auto& [name, part] : value.items())
      out.append(out.size() > 1 ? "," : "").append(name).append("=").append(value_text(part));
  return out + "]";
}

void for_each_path(const FieldSet& set, const std::function<void(const std::string&)>& visit) {
  visit_entries(set.entries, "", visit);
}

}  // namespace charter
