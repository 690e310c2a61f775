#include "controller/git/kustomization.h"

#include "controller/git/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace charter {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"kustomization.yaml", "kustomization.yml",
                                                    "Kustomization"};

Error invalid(const std::string& message) {
  return Error{Code::Invalid, message, kGitInvalid};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

bool is_kustomization(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string_view name =
      std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_remote(std::string_view resource) {
  return resource.find("://") != std::string_view::npos ||
         resource.find("?ref=") != std::string_view::npos ||
         resource.find('@') != std::string_view::npos ||
         resource.find("::") != std::string_view::npos || resource.starts_with("github.com/");
}

/// "a/./b/../c" from `folder`; nothing: it leads out of the tree.
std::optional<std::string> resolve(const std::string& folder, std::string_view resource) {
  std::vector<std::string_view> names;
  const auto take = [&names](std::string_view path) {
    while (!path.empty()) {
      const size_t end = std::min(path.find('/'), path.size());
      const std::string_view name = path.substr(0, end);
      path.remove_prefix(std::min(end + 1, path.size()));
      if (name.empty() || name == ".") continue;
      if (name != "..") {
        names.push_back(name);
      } else if (names.empty()) {
        return false;
      } else {
        names.pop_back();
      }
    }
    return true;
  };
  if (resource.starts_with('/') || !take(folder) || !take(resource)) return std::nullopt;
  std::string path;
  for (const auto name : names)
    path = join(path, name);
  return path;
}

/// What stands directly in a directory, as paths from the root.
struct Folder {
  std::vector<std::string> files;
  std::set<std::string> folders;
};

/// Collects the files of one tree.
class Collector {
 public:
  explicit Collector(const GitTree& tree) {
    for (const auto& file : tree.files) {
      files_[file.path] = &file;
      std::string folder = folder_of(file.path);
      folders_[folder].files.push_back(file.path);
      while (!folder.empty()) {
        const std::string above = folder_of(folder);
        const bool known = folders_.contains(above) && folders_[above].folders.contains(folder);
        folders_[above].folders.insert(folder);
        if (known) break;
        folder = above;
      }
    }
  }

  Result<std::vector<GitFile>> run() {
    CHARTER_TRY(take_folder(""));
    std::vector<GitFile> manifests;
    for (const auto& path : taken_)
      manifests.push_back(*files_.at(path));
    return manifests;
  }

 private:
  Result<const GitFile*> kustomization_of(const std::string& folder) const {
    const GitFile* found = nullptr;
    for (const auto name : kNames) {
      const auto at = files_.find(join(folder, name));
      if (at == files_.end()) continue;
      if (found != nullptr)
        return invalid(at->first + ": a second kustomization beside " + found->path);
      found = at->second;
    }
    return found;
  }

  // Recursion ends with the tree, whose depth is bounded, or with a folder that was entered before.
  Status take_folder(const std::string& folder) {
    CHARTER_TRY_ASSIGN(const GitFile* kustomization, kustomization_of(folder));
    if (kustomization != nullptr) return take_kustomization(folder, *kustomization);
    const auto found = folders_.find(folder);
    if (found == folders_.end()) return {};  // an empty tree
    taken_.insert(found->second.files.begin(), found->second.files.end());
    for (const auto& below : found->second.folders)
      CHARTER_TRY(take_folder(below));
    return {};
  }

  Status take_kustomization(const std::string& folder, const GitFile& file) {
    if (!entered_.insert(folder).second)
      return invalid(file.path + ": is used twice, or uses itself");
    auto tree = parse_yaml(file.text);
    if (!tree) return invalid(file.path + ": " + tree.error().message);
    if (!tree->is_object()) return invalid(file.path + ": not a mapping");
    CHARTER_TRY(check_fields(file.path, *tree));
    const Json* resources = at(*tree, {"resources"});
    if (resources == nullptr || resources->empty())
      return invalid(file.path + ": resources: names nothing; remove the file to have everything");
    if (!resources->is_array()) return invalid(file.path + ": resources: not a list");
    if (resources->size() > limits::kGitResourcesMax)
      return invalid(file.path + ": resources: more than " +
                     std::to_string(limits::kGitResourcesMax));
    size_t number = 0;
    for (const Json& resource : *resources) {
      const std::string field = file.path + ": resources[" + std::to_string(number++) + "]";
      if (!resource.is_string()) return invalid(field + ": not a string");
      CHARTER_TRY(take_resource(folder, resource.get<std::string>(), field));
    }
    return {};
  }

  static Status check_fields(const std::string& path, const Json& tree) {
    for (const auto& [field, value] : tree.items()) {
      if (field == "resources" || field == "metadata" || value.empty()) continue;
      if (field == "apiVersion") {
        if (value != "kustomize.config.k8s.io/v1beta1")
          return invalid(path + ": apiVersion: expected kustomize.config.k8s.io/v1beta1");
      } else if (field == "kind") {
        if (value != "Kustomization") return invalid(path + ": kind: expected Kustomization");
      } else {
        return invalid(path + ": " + field +
                       ": this feature of Kustomize is not built; only resources is");
      }
    }
    return {};
  }

  Status take_resource(const std::string& folder, const std::string& resource,
                       const std::string& field) {
    if (is_remote(resource))
      return invalid(field + ": a remote resource; only what is in the repository is taken");
    const auto path = resolve(folder, resource);
    if (!path) return invalid(field + ": leads out of the source's path");
    if (files_.contains(*path)) {
      if (is_kustomization(*path))
        return invalid(field + ": a kustomization is named by its directory");
      if (!taken_.insert(*path).second) return invalid(field + ": " + *path + " is named twice");
      return {};
    }
    if (!folders_.contains(*path))
      return invalid(
          field + ": not in the repository as a *.yaml, *.yml or *.json, or a directory of them");
    CHARTER_TRY_ASSIGN(const GitFile* below, kustomization_of(*path));
    if (below == nullptr) return invalid(field + ": this directory has no kustomization.yaml");
    return take_kustomization(*path, *below);
  }

  std::map<std::string, const GitFile*> files_;
  std::map<std::string, Folder> folders_;  ///< all that hold a file, at any depth; "" is the root
  std::set<std::string> taken_;
  std::set<std::string> entered_;  ///< folders whose kustomization was read
};

}  // namespace

Result<std::vector<GitFile>> manifests_of(const GitTree& tree) {
  return Collector(tree).run();
}

}  // namespace charter
