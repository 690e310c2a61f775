#include "controller/object/object.h"

#include "controller/base/check.h"
#include "controller/object/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace charter {
namespace {

constexpr std::string_view kVersionKey = "resourceVersion";

/// A decimal resourceVersion, or 0.
int64_t version_from(const std::string& text) {
  int64_t version = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, version);
  return error == std::errc() && stop == end && version > 0 ? version : 0;
}

Pairs string_pairs(const Json* map) {
  Pairs pairs;
  if (map == nullptr || !map->is_object()) return pairs;
  pairs.reserve(map->size());
  for (const auto& [key, value] : map->items()) {
    if (value.is_string()) pairs.emplace_back(key, value.get_ref<const std::string&>());
  }
  return pairs;
}

std::vector<OwnerReference> owners_from(const Json* list) {
  std::vector<OwnerReference> owners;
  if (list == nullptr || !list->is_array()) return owners;
  owners.reserve(list->size());
  for (const Json& entry : *list) {
    if (!entry.is_object()) continue;
    owners.push_back({text_at(entry, {"apiVersion"}), text_at(entry, {"kind"}),
                      text_at(entry, {"name"}), text_at(entry, {"uid"}),
                      flag_at(entry, {"controller"}, false),
                      flag_at(entry, {"blockOwnerDeletion"}, false)});
  }
  return owners;
}

Pairs sorted(Pairs pairs) {
  pairs.shrink_to_fit();
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Header header_from(const Json& tree, int64_t version, Pairs fields) {
  Header header;
  header.version = version;
  header.fields = sorted(std::move(fields));
  const Json* meta = at(tree, {"metadata"});
  if (meta == nullptr || !meta->is_object()) return header;
  header.ns = text_at(*meta, {"namespace"});
  header.name = text_at(*meta, {"name"});
  header.uid = text_at(*meta, {"uid"});
  header.generation = int_at(*meta, {"generation"}).value_or(0);
  header.deleting = !text_at(*meta, {"deletionTimestamp"}).empty();
  const Json* finalizers = at(*meta, {"finalizers"});
  header.has_finalizers = finalizers != nullptr && finalizers->is_array() && !finalizers->empty();
  header.labels = string_pairs(at(*meta, {"labels"}));
  header.owners = owners_from(at(*meta, {"ownerReferences"}));
  return header;
}

/// The member as it stands between the bytes `before` and `after`, with the comma that keeps the
/// object well formed.
std::string version_member(int64_t version, char before, char after) {
  if (version == 0) return {};
  std::string member = "\"resourceVersion\":\"" + std::to_string(version) + "\"";
  if (after != '}') return member + ",";
  return before == '{' ? member : "," + member;
}

/// Builds the bytes member by member, so that the place of metadata.resourceVersion is known and
/// not searched: a user's own key of that name cannot be taken for it.
class Composer {
 public:
  void object(const Json& tree) {
    const Json empty = Json::object();
    bool has_metadata = false;
    out_ += '{';
    for (const auto& [key, value] : tree.items()) {
      if (!has_metadata && key >= "metadata") {
        has_metadata = true;
        metadata(key == "metadata" && value.is_object() ? value : empty);
        if (key == "metadata") continue;
      }
      out_ += out_.back() == '{' ? "" : ",";
      member(key, value);
    }
    if (!has_metadata) metadata(empty);
    out_ += '}';
  }

  std::string take() { return std::move(out_); }
  size_t version_at() const { return version_at_; }

 private:
  void member(const std::string& key, const Json& value) {
    write_json_string(out_, key);
    out_ += ':';
    write_json(out_, value);
  }

  void metadata(const Json& meta) {
    out_ += out_.back() == '{' ? "\"metadata\":{" : ",\"metadata\":{";
    bool placed = false;
    for (const auto& [key, value] : meta.items()) {
      if (key == kVersionKey) continue;
      if (out_.back() != '{') out_ += ',';
      if (!placed && key > kVersionKey) {
        version_at_ = out_.size();
        placed = true;
      }
      member(key, value);
    }
    if (!placed) version_at_ = out_.size();
    out_ += '}';
  }

  std::string out_;
  size_t version_at_ = 0;
};

}  // namespace

std::string api_version_of(std::string_view group, std::string_view version) {
  if (group.empty()) return std::string(version);
  return std::string(group).append("/").append(version);
}

std::string to_string(const ObjectName& name) {
  return name.ns.empty() ? name.name : name.ns + "/" + name.name;
}

const std::string* find_pair(const Pairs& pairs, std::string_view key) {
  const auto found = std::lower_bound(
      pairs.begin(), pairs.end(), key,
      [](const auto& pair, std::string_view wanted) { return pair.first < wanted; });
  return found != pairs.end() && found->first == key ? &found->second : nullptr;
}

Encoded::Encoded(Header header, std::string bytes, size_t version_at, size_t version_size)
    : header_(std::move(header)),
      bytes_(std::move(bytes)),
      version_at_(version_at),
      version_size_(version_size) {
  // Half of all objects live for months: spare capacity would be paid for in every one of them.
  bytes_.shrink_to_fit();
}

ObjectPtr Encoded::make(const Json& tree, int64_t version, Pairs fields) {
  CHECK(tree.is_object());
  CHECK(version >= 0);
  Composer composer;
  composer.object(tree);
  const size_t place = composer.version_at();
  std::string bytes = composer.take();
  const std::string member = version_member(version, bytes[place - 1], bytes[place]);
  bytes.insert(place, member);
  return std::make_shared<const Encoded>(header_from(tree, version, std::move(fields)),
                                         std::move(bytes), place, member.size());
}

Result<ObjectPtr> Encoded::parse(std::string_view bytes) {
  CHARTER_TRY_ASSIGN(const Json tree, read_json(bytes));
  if (!tree.is_object()) return Error{Code::BadRequest, "an object must be a JSON object"};
  return make(tree, version_from(text_at(tree, {"metadata", kVersionKey})));
}

ObjectPtr Encoded::with_version(int64_t version) const {
  CHECK(version >= 0);
  const char before = bytes_[version_at_ - 1];
  const char after = bytes_[version_at_ + version_size_];
  const std::string member = version_member(version, before, after);
  std::string bytes;
  bytes.reserve(bytes_.size() - version_size_ + member.size());
  bytes.append(bytes_, 0, version_at_).append(member);
  bytes.append(bytes_, version_at_ + version_size_);
  Header header = header_;
  header.version = version;
  return std::make_shared<const Encoded>(std::move(header), std::move(bytes), version_at_,
                                         member.size());
}

Json Encoded::tree() const {
  auto tree = read_json(bytes_);
  CHECK_MSG(tree.has_value(), "encoded bytes must parse");
  return std::move(*tree);
}

Meta read_meta(const Json& object) {
  Meta meta;
  const Json* tree = at(object, {"metadata"});
  if (tree == nullptr || !tree->is_object()) return meta;
  meta.name = text_at(*tree, {"name"});
  meta.ns = text_at(*tree, {"namespace"});
  meta.uid = text_at(*tree, {"uid"});
  meta.generate_name = text_at(*tree, {"generateName"});
  meta.version = version_from(text_at(*tree, {kVersionKey}));
  meta.generation = int_at(*tree, {"generation"}).value_or(0);
  meta.created = text_at(*tree, {"creationTimestamp"});
  meta.deleted = text_at(*tree, {"deletionTimestamp"});
  meta.labels = string_pairs(at(*tree, {"labels"}));
  meta.annotations = string_pairs(at(*tree, {"annotations"}));
  if (const Json* list = at(*tree, {"finalizers"}); list != nullptr && list->is_array()) {
    for (const Json& entry : *list) {
      if (entry.is_string()) meta.finalizers.push_back(entry.get<std::string>());
    }
  }
  meta.owners = owners_from(at(*tree, {"ownerReferences"}));
  return meta;
}

}  // namespace charter
