#pragma once

#include "controller/git/git_reader.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Finds the manifests below a path of a commit's tree. It sees raw objects only, and believes none
// of their names and modes: whoever may push to a repository can put any bytes there.
//
//   entry below the path                                  what happens
//   directory                                             walked, but for a name with a dot before
//   it file, its name a manifest's (GitFile)                 read another file left out symbolic
//   link with a manifest's name,                 refused: it would be left out unseen
//     or one that leads to a directory of the tree
//   another symbolic link                                 left out; never followed
//   submodule                                             refused; nothing is fetched for it
//   another mode                                          refused
//   name that is empty, "..", ".", ".git" in any case,    refused
//     twice there, with a '/', a control character,
//     or not UTF-8
//
// Bounds are limits.h's; what exceeds one is refused (kGitTooLarge), never cut off. Pure.
namespace charter {

/// Where objects come from.
class TreeObjects {
 public:
  enum class Kind { Tree, Blob };
  virtual ~TreeObjects() = default;
  /// The content of an object. `id`: its 20 bytes. `shown`: where it stands in the tree, for
  /// errors. MUST refuse one larger than `bytes_max` (kGitTooLarge) without holding it in memory.
  virtual Result<std::string> object(Kind kind, const std::string& id, size_t bytes_max,
                                     const std::string& shown) = 0;
};

/// One line of a tree object.
struct TreeEntry {
  unsigned mode = 0;
  std::string name;
  std::string id;  ///< 20 bytes
};

/// Reads a raw tree object. Errors (Invalid, kGitHostileTree): anything that Git would not write.
Result<std::vector<TreeEntry>> parse_tree_object(std::string_view raw);

/// Checks GitRequest::path. Errors (Invalid, kGitInvalid).
Status check_git_path(std::string_view path);

/// What stands below a path.
struct WalkedTree {
  std::vector<GitFile> files;  ///< as in GitTree
  bool path_exists = true;
};

/// Walks from the tree `root` (20 bytes).
Result<WalkedTree> walk_tree(TreeObjects& objects, const std::string& root, std::string_view path);

}  // namespace charter
