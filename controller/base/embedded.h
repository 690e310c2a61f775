#pragma once

#include <span>
#include <string_view>

// Files compiled into the program, so that one binary carries all it needs.
namespace charter::embedded {

/// One embedded YAML file: its base name, and its documents as JSON, still a stream of YAML. Both
/// views live as long as the process.
struct File {
  std::string_view name;
  std::string_view text;
};

/// What the program was built from.
struct Build {
  std::string_view date;    ///< of the commit, RFC 3339; the epoch when not known
  std::string_view commit;  ///< empty when not known
  std::string_view tree;  ///< "clean", "dirty" (changed since the commit), or empty when not known
};
Build build();

/// Definitions of the kinds every API server has (Namespace, Secret, …), from controller/api/builtin.
std::span<const File> builtin_kinds();

/// ClusterRoles and ClusterRoleBindings that every API server has, from controller/api/roles.
std::span<const File> builtin_roles();

/// The audit policy that holds without a file, from controller/api/policies.
std::span<const File> audit_policies();

/// The product's CustomResourceDefinitions, from crds/.
std::span<const File> crds();

/// The product's ClusterRoles, from crds/roles.
std::span<const File> roles();

}  // namespace charter::embedded
