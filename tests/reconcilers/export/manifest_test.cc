#include "reconcilers/export/manifest.h"

#include "controller/object/kind_registry.h"
#include "crds/types/kinds.h"
#include "reconcilers/export/order.h"
#include "reconcilers/register.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::exporting {
namespace {

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

Json live(const std::string& kind, const std::string& name, const std::string& yaml = "{}") {
  Json object = *parse_yaml(R"(
apiVersion: charter.dev/v1alpha1
metadata:
  namespace: shop
  uid: 6a2f41a3-c54c-fce8-32d2-100000000001
  resourceVersion: "12"
  generation: 3
  creationTimestamp: "2026-06-01T00:00:00Z"
  managedFields: [{manager: kubectl, operation: Update}]
  finalizers: [charter.dev/reclaim]
status: {phase: Running}
)");
  object["kind"] = kind;
  object["metadata"]["name"] = name;
  object.merge_patch(*parse_yaml(yaml));
  return object;
}

Json applied(Json object, const std::string& yaml) {
  object["metadata"]["annotations"][kLastApplied] = encode(*parse_yaml(yaml));
  return object;
}

std::string exported(const Json& object, const Schema* schema = nullptr) {
  const auto made = export_object(object, schema);
  return made.manifest ? to_yaml(*made.manifest) : "nothing";
}

std::string remark(const Json& object) {
  const auto remarks = export_object(object, nullptr).remarks;
  return remarks.empty() ? "" : remarks.front();
}

std::shared_ptr<const Schema> schema_with_default() {
  std::vector<Cause> causes;
  auto schema = Schema::compile(
      *parse_yaml("type: object\nproperties:\n  spec:\n    type: object\n    properties:\n"
                  "      a: {type: integer}\n      b: {type: integer, default: 7}\n"),
      "schema", causes);
  EXPECT_TRUE(causes.empty());
  return schema;
}

TEST(ExportedManifest, HasWhatItsAuthorWroteAndNothingOfTheServer) {
  EXPECT_EQ(
      exported(live("ServiceInstance", "a",
                    "{metadata: {labels: {team: x}, annotations: {note: y}}, spec: {n: 1}}")),
      to_yaml(*parse_yaml("{apiVersion: charter.dev/v1alpha1, kind: ServiceInstance, metadata: "
                          "{name: a, namespace: shop, labels: {team: x}, annotations: {note: "
                          "y}}, spec: {n: 1}}")));
}

TEST(ExportedManifest, IsTheLastAppliedWhereDefaultsExplainTheRest) {
  const auto record =
      "{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: a, namespace: shop, "
      "annotations: {}}, spec: {a: 1}}";
  const auto schema = schema_with_default();
  const auto untouched = applied(live("Image", "a", "{spec: {a: 1, b: 7}}"), record);
  EXPECT_EQ(
      exported(untouched, schema.get()),
      to_yaml(*parse_yaml("{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: a, "
                          "namespace: shop}, spec: {a: 1}}")));
  const auto patched = applied(live("Image", "a", "{spec: {a: 2, b: 8}}"), record);
  EXPECT_EQ(
      exported(patched, schema.get()),
      to_yaml(*parse_yaml("{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: a, "
                          "namespace: shop}, spec: {a: 2, b: 8}}")));
  // Who may not read definitions writes all values.
  EXPECT_EQ(
      exported(untouched, nullptr),
      to_yaml(*parse_yaml("{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: a, "
                          "namespace: shop}, spec: {a: 1, b: 7}}")));
}

TEST(ExportedManifest, HasNoDefaultsWhereNobodyLeftARecord) {
  const auto schema = schema_with_default();
  const auto spec_of = [&](const std::string& spec) {
    const auto made = export_object(live("Image", "a", "{spec: " + spec + "}"), schema.get());
    return encode((*made.manifest)["spec"]);
  };
  EXPECT_EQ(spec_of("{a: 1, b: 7}"), R"({"a":1})");
  EXPECT_EQ(spec_of("{a: 7, b: 8}"), R"({"a":7,"b":8})");
  EXPECT_EQ(spec_of("{b: 7}"), "{}") << "where spec itself is not made by a default";
}

TEST(ExportedManifest, LeavesOutWhatWasAppliedAndIsNotThereAnyMore) {
  const auto gone = applied(live("Image", "a", "{spec: {a: 1}}"),
                            "{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: a, "
                            "namespace: shop, labels: "
                            "{old: x}}, spec: {a: 1, c: 3}}");
  EXPECT_EQ(exported(gone), to_yaml(*parse_yaml("{apiVersion: charter.dev/v1alpha1, kind: Image, "
                                                "metadata: {name: a, namespace: shop}, spec: {a: "
                                                "1}}")));
}

TEST(ExportedManifest, IgnoresARecordOfAnotherObject) {
  const auto copied = applied(
      live("Image", "a", "{spec: {a: 1}}"),
      "{apiVersion: charter.dev/v1alpha1, kind: Image, metadata: {name: b, namespace: shop}, spec: "
      "{z: 1}}");
  EXPECT_EQ(exported(copied).find("z:"), std::string::npos);
  EXPECT_EQ(exported(applied(live("Image", "a", "{spec: {a: 1}}"), "[]")),
            exported(live("Image", "a", "{spec: {a: 1}}")));
}

TEST(ExportedManifest, IsNoneOfWhatAControllerOwnsAndWhatIsBeingDeleted) {
  EXPECT_EQ(
      exported(live("Volume", "v",
                    "{metadata: {ownerReferences: [{apiVersion: v1, kind: K, name: n, uid: u, "
                    "controller: true}]}}")),
      "nothing");
  const auto going = live("Volume", "v", "{metadata: {deletionTimestamp: '2026-06-01T00:00:00Z'}}");
  EXPECT_EQ(exported(going), "nothing");
  EXPECT_EQ(remark(going), "Volume shop/v: left out, it is being deleted");
  const auto ended = live("Contract", "c", "{status: {terminatedAt: '2026-06-02T00:00:00Z'}}");
  EXPECT_EQ(exported(ended), "nothing");
  EXPECT_EQ(remark(ended), "Contract shop/c: left out, it ended at 2026-06-02T00:00:00Z");
  // An owner that is no controller does not make it again.
  EXPECT_NE(
      exported(live("Volume", "v",
                    "{metadata: {ownerReferences: [{apiVersion: v1, kind: K, name: n, uid: u}]}}")),
      "nothing");
}

TEST(ExportedManifest, HasAnAcceptanceOnlyWhereLeavingItOutWouldTakeItAway) {
  const auto spec = "{spec: {quantities: {c: 1}, acceptance: {offerHash: 'sha256:1'}}}";
  const auto record =
      "{apiVersion: charter.dev/v1alpha1, kind: Contract, metadata: {name: c, namespace: shop}, "
      "spec: {quantities: {c: 1}}}";
  const auto patched = applied(live("Contract", "c", spec), record);
  EXPECT_EQ(exported(patched), to_yaml(*parse_yaml(record)));
  EXPECT_NE(remark(patched).find("its acceptance is not written"), std::string::npos);
  auto server_side = live("Contract", "c", spec);
  server_side["metadata"]["managedFields"] = *parse_yaml(
      "[{manager: flux, operation: Apply, fieldsV1: {'f:spec': {'f:acceptance': {'f:offerHash': "
      "{}}}}}]");
  EXPECT_NE(exported(server_side).find("offerHash"), std::string::npos);
  EXPECT_NE(remark(server_side).find("another server takes the contract only without it"),
            std::string::npos);
  auto client_side = applied(
      live("Contract", "c", spec),
      "{apiVersion: charter.dev/v1alpha1, kind: Contract, metadata: {name: c, namespace: shop}, "
      "spec: {quantities: {c: 1}, acceptance: {offerHash: 'sha256:1'}}}");
  EXPECT_NE(exported(client_side).find("offerHash"), std::string::npos);
}

TEST(ExportedManifest, OfANamespaceIsWithoutWhatEveryServerPutsThere) {
  EXPECT_EQ(exported(*parse_yaml("{apiVersion: v1, kind: Namespace, metadata: {name: shop, uid: u, "
                                 "labels: {kubernetes.io/metadata.name: shop}}, spec: {finalizers: "
                                 "[kubernetes]}, status: {phase: Active}}")),
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n");
}

TEST(ExportedManifest, IsNoneOfSecretsThatServersAndHelmMake) {
  const auto secret = [](const std::string& type) {
    return *parse_yaml(
        "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}, data: "
        "{a: YQ==}, type: " +
        type + "}");
  };
  EXPECT_NE(exported(secret("Opaque")), "nothing");
  EXPECT_EQ(exported(secret("kubernetes.io/service-account-token")), "nothing");
  EXPECT_EQ(exported(secret("bootstrap.kubernetes.io/token")), "nothing");
  EXPECT_EQ(exported(secret("helm.sh/release.v1")), "nothing");
}

TEST(ExportOrder, EveryKindOfOursIsWrittenOnceOrNever) {
  std::multiset<std::string> known;
  for (const auto& kind : written_kinds())
    known.insert(kinds::hook_key(kind.gvr));
  for (const auto& kind : generated_kinds())
    known.insert(kinds::hook_key(kind));
  std::multiset<std::string> hooked;
  for (const auto& [key, hooks] : make_hooks())
    hooked.insert(key);
  EXPECT_EQ(known, hooked);
}

TEST(ExportOrder, WhatIsReferredToComesBeforeWhoRefersToIt) {
  const auto place = [](const Gvr& resource) {
    const auto& kinds = written_kinds();
    return std::find_if(kinds.begin(), kinds.end(),
                        [&](const WrittenKind& kind) { return kind.gvr == resource; }) -
           kinds.begin();
  };
  EXPECT_LT(place(kinds::rate_cards()), place(kinds::service_offerings()));
  EXPECT_LT(place(kinds::service_templates()), place(kinds::service_offerings()));
  EXPECT_LT(place(kinds::images()), place(kinds::service_templates()));
  EXPECT_LT(place(kinds::accounts()), place(kinds::contracts())) << "a contract needs its account";
  EXPECT_LT(place(kinds::service_offerings()), place(kinds::contracts()));
  EXPECT_LT(place(kinds::contracts()), place(kinds::service_instances()));
  EXPECT_LT(place(kinds::contracts()), place(kinds::volumes()));
}

}  // namespace
}  // namespace charter::exporting
