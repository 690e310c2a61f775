#include "controller/git/tree_walk.h"

#include "controller/git/limits.h"
#include "controller/object/utf8.h"

#include <algorithm>
#include <optional>
#include <set>

namespace charter {
namespace {

constexpr size_t kIdBytes = 20;
constexpr unsigned kTypeBits = 0170000, kDirectory = 0040000, kFile = 0100000, kLink = 0120000,
                   kSubmodule = 0160000;

using Names = std::vector<std::string>;

Error hostile(const std::string& message) {
  return Error{Code::Invalid, message, kGitHostileTree};
}

Error too_large(const std::string& what, size_t most) {
  return Error{Code::RequestEntityTooLarge, what + ": the limit is " + std::to_string(most),
               kGitTooLarge};
}

Names split(std::string_view path) {
  Names names;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) names.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return names;
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

bool is_git_folder(std::string_view name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 0x20) == 'g' && (name[2] | 0x20) == 'i' &&
         (name[3] | 0x20) == 't';
}

/// Why a name is not taken; empty: it is.
std::string_view fault_of(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name == "." || name == "..") return "a name that leads out of its directory";
  if (is_git_folder(name)) return "a name of Git's own";
  if (name.size() > limits::kGitNameBytesMax) return "a name longer than 255 bytes";
  if (has_control(name)) return "a control character in a name";
  if (name.find('/') != std::string_view::npos) return "a / in a name";
  if (!is_utf8(name)) return "a name that is not UTF-8";
  return {};
}

bool is_manifest_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json") ||
         name == "Kustomization";
}

/// One walk: what it has seen so far, against the bounds.
class Walk {
 public:
  Walk(TreeObjects& objects, const std::string& root) : objects_(objects), root_(root) {}

  Result<WalkedTree> run(std::string_view path) {
    const Names names = split(path);
    CHARTER_TRY_ASSIGN(const auto found, find(names));
    if (!found) return WalkedTree{{}, false};
    const unsigned type = found->mode & kTypeBits;
    const std::string shown(path);
    if (type == kDirectory) {
      CHARTER_TRY(walk(found->id, names, "", 0));
    } else if (type == kFile) {
      if (!is_manifest_name(found->name))
        return hostile(shown + ": this file is no manifest: expected *.yaml, *.yml or *.json");
      CHARTER_TRY(read(*found, shown, found->name));
    } else {
      return hostile(shown + ": a symbolic link or a submodule; these are not followed");
    }
    std::sort(files_.begin(), files_.end(),
              [](const GitFile& a, const GitFile& b) { return a.path < b.path; });
    return WalkedTree{std::move(files_), true};
  }

 private:
  Result<std::vector<TreeEntry>> entries(const std::string& id, const std::string& shown) {
    CHARTER_TRY_ASSIGN(const std::string raw, objects_.object(TreeObjects::Kind::Tree, id,
                                                              limits::kGitTreeBytesMax, shown));
    auto list = parse_tree_object(raw);
    if (!list) return hostile((shown.empty() ? "/" : shown) + ": " + list.error().message);
    seen_ += list->size();
    if (seen_ > limits::kGitEntriesMax)
      return too_large("names in the tree", limits::kGitEntriesMax);
    return list;
  }

  /// The entry at a path from the root. Nothing: there is none. A link or submodule on the way to
  /// it is returned itself.
  Result<std::optional<TreeEntry>> find(const Names& names) {
    TreeEntry at{kDirectory, "", root_};
    std::string shown;
    for (const auto& name : names) {
      if ((at.mode & kTypeBits) == kFile) return std::optional<TreeEntry>();
      if ((at.mode & kTypeBits) != kDirectory) return std::optional(at);
      CHARTER_TRY_ASSIGN(const auto list, entries(at.id, shown));
      const auto next = std::find_if(list.begin(), list.end(),
                                     [&name](const TreeEntry& e) { return e.name == name; });
      if (next == list.end()) return std::optional<TreeEntry>();
      at = *next;
      shown = join(shown, name);
    }
    return std::optional(at);
  }

  /// `base` is where the walk began in the repository, `below` the place relative to it.
  Status walk(const std::string& id, const Names& base, const std::string& below, size_t depth) {
    if (depth > limits::kGitDepthMax) return too_large(below + ": depth", limits::kGitDepthMax);
    CHARTER_TRY_ASSIGN(const auto list, entries(id, below));
    for (const auto& entry : list) {
      const std::string path = join(below, entry.name);
      if (entry.name.starts_with('.')) continue;
      switch (entry.mode & kTypeBits) {
        case kDirectory:
          CHARTER_TRY(walk(entry.id, base, path, depth + 1));
          break;
        case kFile:
          if (is_manifest_name(entry.name)) CHARTER_TRY(read(entry, path, path));
          break;
        case kLink:
          CHARTER_TRY(check_link(entry, base, below));
          break;
        default:
          return hostile(path + ": a submodule; its manifests would not be read");
      }
    }
    return {};
  }

  Status read(const TreeEntry& entry, const std::string& shown, const std::string& path) {
    if (files_.size() >= limits::kGitFilesMax) return too_large("manifests", limits::kGitFilesMax);
    CHARTER_TRY_ASSIGN(std::string text, objects_.object(TreeObjects::Kind::Blob, entry.id,
                                                         limits::kGitFileBytesMax, shown));
    bytes_ += text.size();
    if (bytes_ > limits::kGitTotalBytesMax)
      return too_large("bytes of all manifests", limits::kGitTotalBytesMax);
    if (!is_utf8(text)) return hostile(shown + ": not UTF-8");
    files_.push_back({path, std::move(text)});
    return {};
  }

  /// Refuses a link that stands for manifests.
  Status check_link(const TreeEntry& entry, const Names& base, const std::string& below) {
    const std::string path = join(below, entry.name);
    const Error refused = hostile(path + ": a symbolic link to manifests; links are not followed");
    if (is_manifest_name(entry.name)) return refused;
    CHARTER_TRY_ASSIGN(const std::string target, objects_.object(TreeObjects::Kind::Blob, entry.id,
                                                                 limits::kGitLinkBytesMax, path));
    if (target.starts_with('/')) return {};
    Names at = base;
    for (auto& name : split(below))
      at.push_back(std::move(name));
    for (auto& name : split(target)) {
      if (name == ".") continue;
      if (name != "..") {
        at.push_back(std::move(name));
      } else if (at.empty()) {
        return {};  // leads out of the repository
      } else {
        at.pop_back();
      }
    }
    CHARTER_TRY_ASSIGN(const auto found, find(at));
    // What is itself a link may lead to a directory.
    if (found && (found->mode & kTypeBits) != kFile) return refused;
    return {};
  }

  TreeObjects& objects_;
  const std::string& root_;
  std::vector<GitFile> files_;
  size_t seen_ = 0, bytes_ = 0;
};

}  // namespace

Result<std::vector<TreeEntry>> parse_tree_object(std::string_view raw) {
  std::vector<TreeEntry> entries;
  std::set<std::string> names;
  while (!raw.empty()) {
    TreeEntry entry;
    const size_t space = raw.find(' ');
    if (space == std::string_view::npos || space < 5 || space > 6)
      return hostile("not a tree object");
    for (const char c : raw.substr(0, space)) {
      if (c < '0' || c > '7') return hostile("not a tree object");
      entry.mode = entry.mode * 8 + static_cast<unsigned>(c - '0');
    }
    raw.remove_prefix(space + 1);
    const size_t end = raw.find('\0');
    if (end == std::string_view::npos || raw.size() - end - 1 < kIdBytes)
      return hostile("not a tree object");
    entry.name = raw.substr(0, end);
    entry.id = raw.substr(end + 1, kIdBytes);
    raw.remove_prefix(end + 1 + kIdBytes);
    const auto fault = fault_of(entry.name);
    if (!fault.empty()) return hostile(std::string(fault) + " is refused");
    const unsigned type = entry.mode & kTypeBits;
    if (type != kDirectory && type != kFile && type != kLink && type != kSubmodule)
      return hostile(entry.name + ": an unknown mode");
    if (!names.insert(entry.name).second) return hostile(entry.name + ": is there twice");
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status check_git_path(std::string_view path) {
  if (path.size() > limits::kGitPathBytesMax)
    return Error{Code::Invalid,
                 "path: longer than " + std::to_string(limits::kGitPathBytesMax) + " bytes",
                 kGitInvalid};
  if (path.starts_with('/'))
    return Error{Code::Invalid, "path: is relative to the repository, without / before it",
                 kGitInvalid};
  for (const auto& name : split(path)) {
    const auto fault = fault_of(name);
    if (!fault.empty())
      return Error{Code::Invalid, "path: " + std::string(fault) + " is refused", kGitInvalid};
  }
  return {};
}

Result<WalkedTree> walk_tree(TreeObjects& objects, const std::string& root, std::string_view path) {
  CHARTER_TRY(check_git_path(path));
  return Walk(objects, root).run(path);
}

}  // namespace charter
