#include "controller/base/check.h"
#include "controller/object/json_text.h"
#include "controller/object/json_view.h"
#include "controller/object/object.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace charter {
namespace {

/// A member in its text, with the one comma that goes with it.
struct Extent {
  size_t at = 0;
  size_t size = 0;
};

/// `value` is the part of `text` that is the member's value; `key` is written with quotes and
/// colon.
Extent extent_of(std::string_view text, std::string_view key, std::string_view value) {
  Extent member{static_cast<size_t>(value.data() - text.data()) - key.size(),
                key.size() + value.size()};
  if (text[member.at + member.size] == ',') return {member.at, member.size + 1};
  if (text[member.at - 1] == ',') return {member.at - 1, member.size + 1};
  return member;
}

/// The members of ownerReferences. Few objects have more than one, and none many.
std::vector<OwnerReference> owners_in(std::string_view list) {
  std::vector<OwnerReference> owners;
  each_json_element(list, [&](std::string_view entry) {
    const JsonView owner(entry);
    owners.push_back({json_string(owner.member("\"apiVersion\"")),
                      json_string(owner.member("\"kind\"")), json_string(owner.member("\"name\"")),
                      json_string(owner.member("\"uid\"")),
                      owner.member("\"controller\"") == "true",
                      owner.member("\"blockOwnerDeletion\"") == "true"});
    return true;
  });
  return owners;
}

Pairs pairs_in(std::string_view map) {
  const JsonView view(map);
  Pairs pairs;
  pairs.reserve(view.members().size());
  for (const auto& [key, value] : view.members()) {
    if (value.starts_with('"')) pairs.emplace_back(json_string(key), json_string(value));
  }
  return pairs;
}

int64_t number_in(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ObjectPtr Encoded::restore(std::string bytes, Pairs fields) {
  const std::string_view meta = json_member(bytes, "\"metadata\"");
  if (meta.empty()) return nullptr;
  Header header;
  std::string_view version;
  const JsonView view(meta);
  for (const auto& [key, value] : view.members()) {
    if (key == "\"namespace\"") header.ns = json_string(value);
    if (key == "\"name\"") header.name = json_string(value);
    if (key == "\"uid\"") header.uid = json_string(value);
    if (key == "\"generation\"") header.generation = number_in(value);
    if (key == "\"deletionTimestamp\"") header.deleting = value.starts_with('"') && value.size() > 2;
    if (key == "\"finalizers\"") header.has_finalizers = value.starts_with('[') && value.size() > 2;
    if (key == "\"labels\"") header.labels = pairs_in(value);
    if (key == "\"ownerReferences\"") header.owners = owners_in(value);
    if (key == "\"resourceVersion\"") version = value;
  }
  header.version = number_in(json_string(version));
  if (header.version == 0) return nullptr;
  const Extent place = extent_of(bytes, "\"resourceVersion\":", version);
  header.fields = std::move(fields);
  header.fields.shrink_to_fit();
  std::sort(header.fields.begin(), header.fields.end());
  return std::make_shared<const Encoded>(std::move(header), std::move(bytes), place.at, place.size);
}

Json Encoded::bare_tree() const {
  return charter::bare_tree(bytes_);
}

Json bare_tree(std::string_view encoded) {
  const std::string_view meta = json_member(encoded, "\"metadata\"");
  const std::string_view fields = json_member(meta, "\"managedFields\"");
  std::string text(encoded);
  if (!fields.empty()) {
    const Extent member = extent_of(encoded, "\"managedFields\":", fields);
    text.erase(member.at, member.size);
  }
  auto tree = read_json(text);
  CHECK_MSG(tree.has_value(), "encoded bytes must parse");
  return std::move(*tree);
}

}  // namespace charter
