#pragma once

#include "controller/object/object.h"

#include <memory>
#include <string>
#include <vector>

// Documents that people write, and what they mean. Pure.
namespace charter {

/// One document and where it stands.
struct Manifest {
  std::string source;                ///< "70-contract.yaml, document 2"
  std::shared_ptr<const Json> tree;  ///< a mapping; never null
};

/// The documents of one file's text, of which errors and Manifest::source speak as `source`. Empty
/// ones are left out, a List is taken apart. Errors: Invalid naming the document.
Result<std::vector<Manifest>> parse_manifests(const std::string& source, const std::string& text);

/// The object that a document means.
struct ManifestTarget {
  std::string api_version, kind;
  ObjectName name;
  auto operator<=>(const ManifestTarget&) const = default;
};
/// What `document` says it is.
ManifestTarget target_of(const Json& document);
/// "Contract shop/orders".
std::string to_string(const ManifestTarget& target);

}  // namespace charter
