#include "controller/runtime/cluster_role_aggregation.h"

#include "controller/object/labels.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

const Gvr& cluster_roles() {
  static const Gvr resource{"rbac.authorization.k8s.io", "v1", "clusterroles"};
  return resource;
}

std::vector<Selector> selectors_of(const Json& role) {
  std::vector<Selector> out;
  const Json* list = at(role, {"aggregationRule", "clusterRoleSelectors"});
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (auto selector = Selector::from_json(entry)) out.push_back(std::move(*selector));
  }
  return out;
}

Json collected_rules(const std::string& own, const std::vector<Selector>& selectors,
                     const View& view) {
  Json rules = Json::array();
  view.scan(bucket_of(cluster_roles().group, cluster_roles().resource), "",
            [&](const ObjectPtr& role) {
              const Header& header = role->header();
              const bool selected = std::any_of(
                  selectors.begin(), selectors.end(),
                  [&header](const Selector& selector) { return selector.matches(header.labels); });
              if (!selected || header.name == own) return true;
              const Json tree = role->tree();
              for (const Json& rule : tree.value("rules", Json::array())) {
                if (std::find(rules.begin(), rules.end(), rule) == rules.end())
                  rules.push_back(rule);
              }
              return true;
            });
  return rules;
}

/// Brings one ClusterRole's rules to what it collects.
class Aggregation final : public Reconciler {
 public:
  explicit Aggregation(const Runtime& runtime) : runtime_(runtime) {}

  Outcome reconcile(const ObjectName& name) override {
    const ObjectPtr role =
        runtime_.caches.get(bucket_of(cluster_roles().group, cluster_roles().resource), name);
    if (!role || role->header().deleting) return Outcome::done();
    Json tree = role->tree();
    const std::vector<Selector> selectors = selectors_of(tree);
    if (selectors.empty()) return Outcome::done();
    Json rules = collected_rules(name.name, selectors, runtime_.caches);
    if (tree.value("rules", Json::array()) == rules) return Outcome::done();
    tree["rules"] = std::move(rules);
    const auto written = runtime_.client.update(cluster_roles(), tree, Part::Main);
    if (written || written.error().code == Code::NotFound) return Outcome::done();
    return Outcome::retry(written.error());
  }

 private:
  const Runtime runtime_;
};

/// A changed ClusterRole concerns all that collect.
std::vector<ObjectName> collectors(const Encoded&, const Caches& caches) {
  std::vector<ObjectName> out;
  caches.scan(bucket_of(cluster_roles().group, cluster_roles().resource), "",
              [&out](const ObjectPtr& role) {
                if (role->bytes().find("\"aggregationRule\"") != std::string_view::npos)
                  out.push_back({"", role->header().name});
                return true;
              });
  return out;
}

}  // namespace

void add_cluster_role_aggregation(Manager& manager) {
  ControllerSpec spec;
  spec.name = "cluster-role-aggregation";
  spec.primary = cluster_roles();
  spec.watches = {{cluster_roles(), collectors}};
  spec.workers = kOneWorker;
  spec.make = [](const Runtime& runtime) { return std::make_unique<Aggregation>(runtime); };
  manager.add(std::move(spec));
}

}  // namespace charter
