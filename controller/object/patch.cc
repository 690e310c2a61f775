#include "controller/object/patch.h"

#include "controller/base/limits.h"
#include "controller/object/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace charter {
namespace {

using Path = std::vector<std::string>;

/// kube-apiserver's whole answer when an operation cannot be carried out: it tells nothing about
/// the object, so a `test` cannot be used to guess what a caller may not read.
Error rejected() {
  return Error{Code::Invalid, "the server rejected our request due to an error in our request"};
}

Error undecodable(const std::string& why) {
  return Error{Code::BadRequest, "error decoding patch: " + why};
}

/// Splits an RFC 6901 pointer; nothing when it is none.
std::optional<Path> parse_pointer(std::string_view text) {
  Path path;
  if (text.empty()) return path;
  if (text[0] != '/') return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      path.emplace_back();
    } else if (text[i] != '~') {
      path.back() += text[i];
    } else if (++i < text.size() && (text[i] == '0' || text[i] == '1')) {
      path.back() += text[i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return path;
}

/// An index without sign or leading zeros, at most `last`.
std::optional<size_t> parse_index(const std::string& token, size_t last) {
  size_t index = 0;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, index);
  const bool padded = token.size() > 1 && token[0] == '0';
  if (error != std::errc() || stop != end || padded || index > last) return std::nullopt;
  return index;
}

/// What one more copy of a tree costs.
struct Measure {
  size_t nodes = 0;
  size_t bytes = 0;
  size_t depth = 0;
};

Measure measure(const Json& tree) {
  Measure sum{1, 8, 0};
  if (tree.is_string()) sum.bytes += tree.get_ref<const std::string&>().size();
  if (!tree.is_structured()) return sum;
  for (auto child = tree.begin(); child != tree.end(); ++child) {
    const Measure part = measure(*child);
    sum.nodes += part.nodes;
    sum.bytes += part.bytes + (tree.is_object() ? child.key().size() : 0);
    sum.depth = std::max(sum.depth, part.depth);
  }
  ++sum.depth;
  return sum;
}

/// Applies operations to one tree in place. An operation that fails leaves it unusable. Not
/// nlohmann's own patch: that one asserts when a path leads through a string, and copies the whole
/// document for each call.
class Patcher {
 public:
  explicit Patcher(Json target) : tree_(std::move(target)) {}

  Status apply(const Json& operation) {
    const auto path = pointer(operation, "path");
    const std::string op = text_at(operation, {"op"});
    if (!path) return rejected();
    if (op == "remove") return remove(*path);
    if (op == "move") return move(operation, *path);
    if (op == "copy") return copy(operation, *path);
    const Json* value = at(operation, {"value"});
    if (value == nullptr) return rejected();
    if (op == "add") return add(*path, *value);
    if (op == "replace") return replace(*path, *value);
    if (op == "test") return test(*path, *value);
    return rejected();
  }

  Json take() { return std::move(tree_); }

 private:
  static std::optional<Path> pointer(const Json& operation, std::string_view member) {
    const Json* text = at(operation, {member});
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return parse_pointer(text->get_ref<const std::string&>());
  }

  Json* find(const Path& path, size_t length) {
    Json* node = &tree_;
    for (size_t i = 0; i < length; ++i) {
      if (node->is_object()) {
        const auto member = node->find(path[i]);
        if (member == node->end()) return nullptr;
        node = &*member;
      } else if (node->is_array()) {
        const auto index = parse_index(path[i], node->size());
        if (!index || *index == node->size()) return nullptr;
        node = &(*node)[*index];
      } else {
        return nullptr;
      }
    }
    return node;
  }
  Json* find(const Path& path) { return find(path, path.size()); }
  Json* find_parent(const Path& path) { return find(path, path.size() - 1); }

  /// Counts work that grows faster than the patch: elements moved, nodes copied.
  Status charge(size_t work) {
    work_ += work;
    if (work_ <= limits::kPatchWorkMax) return {};
    return Error{Code::BadRequest, "the patch moves or copies more than " +
                                       std::to_string(limits::kPatchWorkMax) + " values"};
  }

  Status add(const Path& path, Json value) {
    if (path.size() + measure(value).depth > limits::kDocumentDepthMax) {
      return Error{Code::BadRequest, "the patched object's " + too_deep_text()};
    }
    if (path.empty()) {
      tree_ = std::move(value);
      return {};
    }
    Json* parent = find_parent(path);
    if (parent == nullptr) return rejected();
    if (parent->is_object()) {
      (*parent)[path.back()] = std::move(value);
      return {};
    }
    if (!parent->is_array()) return rejected();
    const size_t size = parent->size();
    const auto index = path.back() == "-" ? size : parse_index(path.back(), size);
    if (!index) return rejected();
    CHARTER_TRY(charge(size - *index));
    parent->insert(parent->begin() + static_cast<ptrdiff_t>(*index), std::move(value));
    return {};
  }

  Status remove(const Path& path) {
    if (path.empty()) return rejected();
    Json* parent = find_parent(path);
    if (parent == nullptr) return rejected();
    if (parent->is_object()) {
      if (parent->erase(path.back()) == 0) return rejected();
      return {};
    }
    if (!parent->is_array()) return rejected();
    const auto index = parse_index(path.back(), parent->size());
    if (!index || *index == parent->size()) return rejected();
    CHARTER_TRY(charge(parent->size() - *index));
    parent->erase(*index);
    return {};
  }

  Status replace(const Path& path, const Json& value) {
    if (path.size() + measure(value).depth > limits::kDocumentDepthMax) {
      return Error{Code::BadRequest, "the patched object's " + too_deep_text()};
    }
    Json* node = find(path);
    if (node == nullptr) return rejected();
    *node = value;
    return {};
  }

  Status move(const Json& operation, const Path& path) {
    const auto from = pointer(operation, "from");
    Json* source = from ? find(*from) : nullptr;
    if (source == nullptr) return rejected();
    if (*from == path) return {};
    // Into itself: the place would vanish with what is moved.
    const bool inside =
        from->size() < path.size() && std::equal(from->begin(), from->end(), path.begin());
    if (inside) return rejected();
    CHARTER_TRY(charge(measure(*source).nodes));
    Json value = std::move(*source);
    CHARTER_TRY(remove(*from));
    return add(path, std::move(value));
  }

  Status copy(const Json& operation, const Path& path) {
    const auto from = pointer(operation, "from");
    const Json* source = from ? find(*from) : nullptr;
    if (source == nullptr) return rejected();
    const Measure size = measure(*source);
    CHARTER_TRY(charge(size.nodes));
    copied_bytes_ += size.bytes;
    if (copied_bytes_ > limits::kObjectBytesMax) {
      return Error{Code::RequestEntityTooLarge,
                   "unable to complete the copy, the accumulated size increase of copy is " +
                       std::to_string(copied_bytes_) + ", exceeding the limit " +
                       std::to_string(limits::kObjectBytesMax)};
    }
    return add(path, *source);
  }

  Status test(const Path& path, const Json& value) {
    const Json* node = find(path);
    if (node == nullptr || *node != value) return rejected();
    return {};
  }

  Json tree_;
  size_t work_ = 0;
  size_t copied_bytes_ = 0;
};

}  // namespace

Result<Json> apply_json_patch(const Json& target, const Json& patch) {
  if (!patch.is_array()) {
    return undecodable(std::string("json: cannot unmarshal ") + patch.type_name() +
                       " into Go value of type []handlers.jsonPatchOp");
  }
  if (patch.size() > limits::kPatchOperationsMax) {
    return Error{Code::RequestEntityTooLarge,
                 "Request entity too large: The allowed maximum operations in a JSON patch is " +
                     std::to_string(limits::kPatchOperationsMax) + ", got " +
                     std::to_string(patch.size())};
  }
  Patcher patcher(target);
  for (const Json& operation : patch) {
    if (!operation.is_object()) {
      return undecodable(std::string("json: cannot unmarshal ") + operation.type_name() +
                         " into Go value of type jsonpatch.Operation");
    }
  }
  for (const Json& operation : patch)
    CHARTER_TRY(patcher.apply(operation));
  return patcher.take();
}

Result<Json> apply_merge_patch(const Json& target, const Json& patch) {
  if (!patch.is_object()) return undecodable("a merge patch must be a JSON object");
  Json merged = target;
  merged.merge_patch(patch);
  return merged;
}

}  // namespace charter
