#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/object/value.h"

// Kubernetes objects: names of resources and objects, and the immutable encoded form that the store,
// the snapshot, informers, lists and watches share. A tree is parsed only by who needs one.
namespace charter {

/// A served resource, e.g. {"charter.dev", "v1alpha1", "machines"}. The core group is "".
struct Gvr {
  std::string group;
  std::string version;
  std::string resource;
  auto operator<=>(const Gvr&) const = default;
};

/// "charter.dev/v1alpha1", or "v1" in the core group.
std::string api_version_of(std::string_view group, std::string_view version);

/// Namespace (empty for cluster scope) and name of an object within a resource.
struct ObjectName {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectName&) const = default;
};

/// "ns/name", or "name" at cluster scope.
std::string to_string(const ObjectName& name);

/// One entry of metadata.ownerReferences.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
  bool operator==(const OwnerReference&) const = default;
};

/// Key-value pairs sorted by key: labels, and values of fields that selectors and indexes may ask for.
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The value of a key, or nullptr.
const std::string* find_pair(const Pairs& pairs, std::string_view key);

/// What lists, selectors, indexes, garbage collection and informers need without parsing the tree.
struct Header {
  std::string ns;
  std::string name;
  std::string uid;
  int64_t version = 0;      ///< resourceVersion; 0 before the first commit
  int64_t generation = 0;
  bool deleting = false;    ///< metadata.deletionTimestamp is set
  bool has_finalizers = false;
  Pairs labels;
  Pairs fields;             ///< selectable and indexed fields: path → value, see KindHooks::index
  std::vector<OwnerReference> owners;
  bool operator==(const Header&) const = default;
};

class Encoded;
/// A shared, immutable object.
using ObjectPtr = std::shared_ptr<const Encoded>;

/// An object as compact JSON with sorted keys, and its header. Immutable; shared between threads.
class Encoded {
 public:
  /// Encodes `tree`, replacing metadata.resourceVersion by `version` (0: left out of the bytes). `fields` goes
  /// into the header.
  static ObjectPtr make(const Json& tree, int64_t version, Pairs fields = {});
  /// Reads bytes from outside: parses them and encodes them anew. Errors: BadRequest.
  static Result<ObjectPtr> parse(std::string_view bytes);
  /// Wraps what bytes() of an Encoded gave, proven unchanged: finds the header without a tree, which
  /// is what a start with 100,000 objects waits for. Nothing when it cannot be such bytes.
  static ObjectPtr restore(std::string bytes, Pairs fields);

  /// The same object with another resourceVersion: a splice, no parsing.
  ObjectPtr with_version(int64_t version) const;

  const Header& header() const { return header_; }
  std::string_view bytes() const { return bytes_; }
  /// Parses the bytes; each call makes a new tree.
  Json tree() const;
  /// The tree without metadata.managedFields, which are half of an object and nothing to who
  /// computes with it.
  Json bare_tree() const;

  Encoded(Header header, std::string bytes, size_t version_at, size_t version_size);

 private:
  Header header_;
  std::string bytes_;
  size_t version_at_;    // where `"resourceVersion":"N",` starts, or would be inserted
  size_t version_size_;  // its length, 0 when absent
};

/// Encoded::bare_tree() of bytes that are not wrapped yet.
Json bare_tree(std::string_view encoded);

/// metadata as a struct, read from a tree. Missing parts are empty.
struct Meta {
  std::string name, ns, uid, generate_name;
  int64_t version = 0, generation = 0;
  std::string created, deleted;  ///< RFC 3339 or empty
  Pairs labels, annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owners;
};

/// Reads metadata; ignores members of the wrong type (schema validation reports those).
Meta read_meta(const Json& object);

}  // namespace charter
