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

Error refused(const std::string& source, const char* why) {
  return Error{Code::Invalid, source + ": " + why};
}

/// Collects what the files hold.
class Documents {
 public:
  Status file(const GitFile& file) {
    const auto documents = parse_yaml_stream(file.text);
    if (!documents) return Error{Code::Invalid, file.path + ": " + documents.error().message};
    size_t number = 0;
    for (const Json& document : *documents)
      CHARTER_TRY(take(file.path + ", document " + std::to_string(++number), document));
    return {};
  }

  std::vector<SourcedManifest> in_order() {
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
      return rank_of(text_at(*a.tree, {"kind"})) < rank_of(text_at(*b.tree, {"kind"}));
    });
    return std::move(found_);
  }

 private:
  Status take(const std::string& source, const Json& document) {
    if (document.is_null()) return {};
    if (!document.is_object()) return refused(source, "not a mapping");
    const ManifestTarget target = target_of(document);
    const Json* items = at(document, {"items"});
    if (target.kind.ends_with("List") && items != nullptr && items->is_array()) {
      size_t number = 0;
      for (const Json& item : *items)
        CHARTER_TRY(take(source + ", item " + std::to_string(++number), item));
      return {};
    }
    if (target.api_version.empty()) return refused(source, "apiVersion: Required value");
    if (target.kind.empty()) return refused(source, "kind: Required value");
    if (target.name.name.empty())
      return refused(source,
                     "metadata.name: Required value: what is kept applied needs a name of its own");
    if (!targets_.insert(target).second)
      return refused(source, (to_string(target) + " stands in the commit twice").c_str());
    if (found_.size() == kObjectsMax)
      return refused(source, ("more than " + std::to_string(kObjectsMax) + " objects").c_str());
    found_.push_back({source, std::make_shared<const Json>(document)});
    return {};
  }

  std::vector<SourcedManifest> found_;
  std::set<ManifestTarget> targets_;
};

}  // namespace

Result<std::vector<SourcedManifest>> documents_of(const GitTree& tree) {
  CHARTER_TRY_ASSIGN(const std::vector<GitFile> files, manifests_of(tree));
  Documents documents;
  for (const GitFile& file : files)
    CHARTER_TRY(documents.file(file));
  return documents.in_order();
}

}  // namespace charter::git_source
