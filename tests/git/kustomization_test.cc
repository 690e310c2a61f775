#include "controller/git/kustomization.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

/// The paths that are applied, or the error.
std::string taken(std::vector<GitFile> files) {
  GitTree tree;
  tree.files = std::move(files);
  const auto found = manifests_of(tree);
  if (!found) return found.error().message;
  std::string paths;
  for (const auto& file : *found)
    paths += (paths.empty() ? "" : " ") + file.path;
  return paths;
}

std::string kustomized(const std::string& text) {
  return taken({{"a.yaml", "a: 1"},
                {"kustomization.yaml", text},
                {"sub/b.yaml", "b: 1"},
                {"sub/c.yaml", "c: 1"}});
}

TEST(Kustomization, Without_one_everything_is_taken) {
  EXPECT_EQ(taken({}), "");
  EXPECT_EQ(taken({{"b.yaml", ""}, {"a.json", ""}, {"x/y/c.yml", ""}}), "a.json b.yaml x/y/c.yml");
}

TEST(Kustomization, Exactly_what_its_resources_name_is_taken) {
  EXPECT_EQ(kustomized("resources: [a.yaml, sub/c.yaml]"), "a.yaml sub/c.yaml");
  EXPECT_EQ(kustomized("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: "
                       "Kustomization\nresources:\n- ./sub/../a.yaml\n"),
            "a.yaml");
  EXPECT_EQ(kustomized("resources: [a.yaml]\npatches: []\n"), "a.yaml");
}

TEST(Kustomization, A_directory_that_is_named_needs_one_of_its_own) {
  EXPECT_EQ(taken({{"base/a.yaml", ""},
                   {"base/kustomization.yaml", "resources: [a.yaml]"},
                   {"base/no.yaml", ""},
                   {"kustomization.yml", "resources: [base/]"}}),
            "base/a.yaml");
  EXPECT_EQ(kustomized("resources: [sub]"),
            "kustomization.yaml: resources[0]: this directory has no kustomization.yaml");
  // Of two that one uses the other, the one above both has to be said.
  EXPECT_EQ(taken({{"b/a.yaml", ""},
                   {"b/Kustomization", "resources: [a.yaml]"},
                   {"p/kustomization.yaml", "resources: [../b]"}}),
            "b/Kustomization: is used twice, or uses itself");
}

TEST(Kustomization, One_below_a_plain_directory_rules_its_own) {
  EXPECT_EQ(taken({{"a.yaml", ""},
                   {"s/b.yaml", ""},
                   {"s/c.yaml", ""},
                   {"s/kustomization.yaml", "resources: [c.yaml]"}}),
            "a.yaml s/c.yaml");
}

TEST(Kustomization, A_feature_that_is_not_built_is_refused_by_name) {
  for (const std::string feature : {"namespace: x",
                                    "namePrefix: x",
                                    "nameSuffix: x",
                                    "commonLabels: {a: b}",
                                    "labels: [{pairs: {a: b}}]",
                                    "patches: [{path: p.yaml}]",
                                    "patchesStrategicMerge: [p.yaml]",
                                    "patchesJson6902: [{}]",
                                    "configMapGenerator: [{name: x}]",
                                    "secretGenerator: [{name: x}]",
                                    "images: [{name: x}]",
                                    "bases: [x]",
                                    "components: [x]",
                                    "generators: [x]",
                                    "transformers: [x]",
                                    "helmCharts: [{name: x}]",
                                    "replicas: [{name: x}]",
                                    "crds: [x]",
                                    "vars: [{name: x}]",
                                    "anything: 1"}) {
    const std::string name = feature.substr(0, feature.find(':'));
    EXPECT_EQ(kustomized("resources: [a.yaml]\n" + feature),
              "kustomization.yaml: " + name +
                  ": this feature of Kustomize is not built; only resources is");
  }
}

TEST(Kustomization, What_cannot_be_meant_is_refused) {
  const auto refused = [](const std::string& text, const std::string& why) {
    EXPECT_NE(kustomized(text).find(why), std::string::npos)
        << text << " gave " << kustomized(text);
  };
  refused("resources: []", "names nothing");
  refused("{}", "names nothing");
  refused("[]", "not a mapping");
  refused("a: b: c", "kustomization.yaml: ");
  refused("resources: x", "not a list");
  refused("resources: [1]", "resources[0]: not a string");
  refused("resources: [../x.yaml]", "leads out of the source's path");
  refused("resources: [/etc/passwd]", "leads out of the source's path");
  refused("resources: [sub/../../x]", "leads out of the source's path");
  refused("resources: [none.yaml]", "not in the repository");
  refused("resources: [a.yaml, ./a.yaml]", "named twice");
  refused("resources: [.]", "used twice, or uses itself");
  refused("resources: [kustomization.yaml]", "named by its directory");
  refused("resources: [https://example.org/x.yaml]", "remote");
  refused("resources: ['github.com/o/r//base?ref=main']", "remote");
  refused("resources: ['git@example.org:o/r']", "remote");
  refused("kind: Component\nresources: [a.yaml]", "expected Kustomization");
  refused("apiVersion: v2\nresources: [a.yaml]", "apiVersion");
  EXPECT_NE(taken({{"kustomization.yaml", "resources: [a.yaml]"},
                   {"kustomization.yml", ""},
                   {"a.yaml", ""}})
                .find("second"),
            std::string::npos);
}

}  // namespace
}  // namespace charter
