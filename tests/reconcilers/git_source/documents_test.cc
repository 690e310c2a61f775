#include "reconcilers/git_source/documents.h"

#include "reconcilers/git_source/guards.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::git_source {
namespace {

std::string map(const std::string& name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: team}\n";
}

std::string told(std::vector<GitFile> files) {
  GitTree tree;
  tree.files = std::move(files);
  const auto documents = documents_of(tree);
  if (!documents) return documents.error().message;
  std::string out;
  for (const auto& document : *documents)
    out += to_string(target_of(*document.tree)) + ";";
  return out;
}

TEST(GitSourceDocuments, WhatOthersReferToComesFirst) {
  const auto ours = [](const char* kind) {
    return std::string("apiVersion: charter.dev/v1alpha1\nkind: ") + kind +
           "\nmetadata: {name: x}\n---\n";
  };
  EXPECT_EQ(told({{"a.yaml",
                   ours("ServiceInstance") + ours("Contract") + ours("RateCard") + ours("Account")},
                  {"b.yaml",
                   map("m") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"}}),
            "Namespace team;ConfigMap team/m;Account x;RateCard x;Contract x;ServiceInstance x;");
}

TEST(GitSourceDocuments, WhatCannotBeAppliedIsNamedByFileAndDocument) {
  EXPECT_EQ(told({{"d/a.yaml", map("a") + "---\n- 1\n"}}), "d/a.yaml, document 2: not a mapping");
  EXPECT_EQ(told({{"a.yaml", "kind: ConfigMap\n"}}), "a.yaml: apiVersion: Required value");
  EXPECT_EQ(told({{"values.yaml", "replicas: 3\n"}}), "values.yaml: apiVersion: Required value");
  EXPECT_NE(told({{"a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x}\n"}})
                .find("metadata.name"),
            std::string::npos);
  EXPECT_EQ(told({{"a.yaml", map("a")}, {"b.yaml", map("a")}}),
            "b.yaml: ConfigMap team/a stands in the commit twice");
}

TEST(GitSourceDocuments, ListsAreTakenApartAndEmptyDocumentsLeftOut) {
  EXPECT_EQ(told({{"a.yaml", "---\n---\n"}, {"b.json", R"({"apiVersion":"v1","kind":"List","items":[
      {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"t"}}]})"}}),
            "ConfigMap t/a;");
}

TEST(GitSourceGuards, WhatMustNotVanishSilentlySaysWhatLiftsThat) {
  const auto guard = [](const char* text) { return guard_of(*parse_json(text)); };
  EXPECT_EQ(guard(R"({"kind":"ConfigMap","metadata":{"name":"a"}})"), "");
  const char* annotated =
      R"({"kind":"Account","metadata":{"name":"a","annotations":{"charter.dev/confirm-prune":"true"}}})";
  EXPECT_EQ(guard(annotated), "");
  for (const char* kind : {"Account", "Namespace", "CustomResourceDefinition", "Volume"}) {
    const Json object = {{"kind", kind}, {"metadata", {{"name", "a"}}}};
    EXPECT_NE(guard_of(object).find("charter.dev/confirm-prune=true"), std::string::npos) << kind;
  }
}

TEST(GitSourceGuards, AContractIsGuardedByItsLockAndWhileItIsInForce) {
  const auto contract = [](bool lock, const char* accepted, const char* ready) {
    return Json{{"kind", "Contract"},
                {"metadata", {{"name", "orders"}, {"namespace", "shop"}}},
                {"spec", {{"deletionProtection", lock}}},
                {"status",
                 {{"conditions",
                   {{{"type", "Accepted"}, {"status", accepted}, {"reason", "Accepted"}},
                    {{"type", "Ready"}, {"status", "True"}, {"reason", ready}}}}}}};
  };
  EXPECT_NE(guard_of(contract(true, "False", "Offered")).find("deletionProtection"),
            std::string::npos);
  EXPECT_EQ(guard_of(contract(false, "False", "Offered")), "");
  EXPECT_NE(
      guard_of(contract(false, "True", "Active")).find("-n shop charter.dev/confirm-prune=true"),
      std::string::npos);
  EXPECT_EQ(guard_of(contract(false, "True", "Terminated")), "");
}

}  // namespace
}  // namespace charter::git_source
