#include "reconcilers/git_source/documents.h"

#include "controller/git/kustomization.h"
#include "reconcilers/git_source/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace charter::git_source {
namespace {

// Kinds that are not listed stand between what they may need and what may need them.
constexpr int kOtherRank = 10;

int rank_of(const std::string& kind) {
  static const std::map<std::string_view, int> kRanks = {{"Namespace", 0},
                                                         {"CustomResourceDefinition", 1},
                                                         {"ServiceAccount", 2},
                                                         {"Secret", 2},
                                                         {"ConfigMap", 2},
                                                         {"Role", 3},
                                                         {"ClusterRole", 3},
                                                         {"RoleBinding", 4},
                                                         {"ClusterRoleBinding", 4},
                                                         {"Provider", 5},
                                                         {"Image", 6},
                                                         {"Account", 7},
                                                         {"RateCard", 8},
                                                         {"ServiceTemplate", 9},
                                                         {"ServiceOffering", 11},
                                                         {"Contract", 12},
                                                         {"Volume", 13},
                                                         {"ServiceInstance", 13},
                                                         {"UsageReport", 14},
                                                         {"GitSource", 15}};
  const auto found = kRanks.find(kind);
  return found == kRanks.end() ? kOtherRank : found->second;
}

Status check(const Manifest& manifest, std::set<ManifestTarget>& known) {
  const auto refuse = [&](const std::string& why) {
    return Error{Code::Invalid, manifest.source + ": " + why};
  };
  const ManifestTarget target = target_of(*manifest.tree);
  if (target.api_version.empty()) return refuse("apiVersion: Required value");
  if (target.kind.empty()) return refuse("kind: Required value");
  if (target.name.name.empty())
    return refuse("metadata.name: Required value: what is kept applied needs a name of its own");
  if (!known.insert(target).second)
    return refuse(to_string(target) + " stands in the commit twice");
  if (known.size() > kObjectsMax)
    return refuse("more than " + std::to_string(kObjectsMax) + " objects");
  return {};
}

}  // namespace

Result<std::vector<Manifest>> documents_of(const GitTree& tree) {
  CHARTER_TRY_ASSIGN(const std::vector<GitFile> files, manifests_of(tree));
  std::vector<Manifest> found;
  std::set<ManifestTarget> known;
  for (const GitFile& file : files) {
    CHARTER_TRY_ASSIGN(const auto manifests, parse_manifests(file.path, file.text));
    for (const Manifest& manifest : manifests) {
      CHARTER_TRY(check(manifest, known));
      found.push_back(manifest);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Manifest& a, const Manifest& b) {
    return rank_of(text_at(*a.tree, {"kind"})) < rank_of(text_at(*b.tree, {"kind"}));
  });
  return found;
}

}  // namespace charter::git_source
