#include "reconcilers/common/image_index.h"
#include "reconcilers/service_template/admit.h"
#include "reconcilers/service_template/consistency.h"
#include "reconcilers/service_template/plan.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::service_template {
namespace {

Json template_object() {
  return parse_yaml(R"(
metadata: {name: server, namespace: catalog, generation: 1}
spec:
  parameters:
  - {name: vcpus, type: integer, allowed: [2, 4], default: 2}
  - {name: memory, type: quantity, allowed: [6GB, 8GB]}
  - {name: disk, type: quantity, min: 100GB, max: 1000GB, step: 100GB}
  - {name: os, type: string, allowed: [linux, bsd]}
  - {name: label, type: string}
  components:
    machines:
    - name: server
      vcpus: {fromParameter: vcpus}
      memory: {fromParameter: memory}
      imageFrom: {parameter: os, map: {linux: open-linux, bsd: open-bsd}}
      bootDisk: {size: {fromParameter: disk}}
      volumes: [data]
      networks: [tenant]
    volumes:
    - {name: data, size: {value: 10GB}}
    networks:
    - {name: tenant}
)")
      .value();
}

// First finding after a JSON Patch on the sample.
std::string finding(const char* patch) {
  const auto object = template_object().patch(parse_yaml(patch).value());
  AdmitRequest request;
  request.object = &object;
  const auto admitted = admit(request, MapView());
  return admitted ? "" : admitted.error().causes.at(0).field;
}

TEST(TemplateAdmit, JudgesReferencesBetweenParametersAndComponents) {
  const std::pair<const char*, const char*> kRows[] = {
      {"[]", ""},
      {"[{op: replace, path: /spec/components/machines/0/vcpus/fromParameter, value: cores}]",
       "spec.components.machines[0].vcpus.fromParameter"},
      {"[{op: replace, path: /spec/components/machines/0/vcpus/fromParameter, value: memory}]",
       "spec.components.machines[0].vcpus.fromParameter"},
      {"[{op: replace, path: /spec/components/machines/0/memory, value: {}}]",
       "spec.components.machines[0].memory"},
      {"[{op: add, path: /spec/components/machines/0/memory/value, value: 8GB}]",
       "spec.components.machines[0].memory"},
      {"[{op: add, path: /spec/components/machines/0/imageRef, value: {name: x}}]",
       "spec.components.machines[0]"},
      {"[{op: remove, path: /spec/components/machines/0/imageFrom}]",
       "spec.components.machines[0]"},
      {"[{op: replace, path: /spec/components/machines/0/imageFrom/parameter, value: label}]",
       "spec.components.machines[0].imageFrom.parameter"},
      {"[{op: remove, path: /spec/components/machines/0/imageFrom/map/bsd}]",
       "spec.components.machines[0].imageFrom.map.bsd"},
      {"[{op: add, path: /spec/components/machines/0/imageFrom/map/plan9, value: x}]",
       "spec.components.machines[0].imageFrom.map.plan9"},
      {"[{op: add, path: /spec/components/machines/0/class, value: {fromParameter: vcpus}}]",
       "spec.components.machines[0].class.fromParameter"},
      {"[{op: replace, path: /spec/components/machines/0/volumes, value: [data, logs]}]",
       "spec.components.machines[0].volumes[1]"},
      {"[{op: replace, path: /spec/components/machines/0/networks, value: [dmz]}]",
       "spec.components.machines[0].networks[0]"},
      {"[{op: replace, path: /spec/components/volumes/0/size, value: {fromParameter: label}}]",
       "spec.components.volumes[0].size.fromParameter"},
      {"[{op: add, path: /spec/components/volumes/-, value: {name: data, size: {value: 1GB}}}]",
       "spec.components.volumes[1].name"},
      {"[{op: replace, path: /spec/components, value: {}}]", "spec.components"},
      {"[{op: replace, path: /spec/parameters/0/default, value: 3}]", "spec.parameters[0].default"},
      {"[{op: replace, path: /spec/parameters/1/name, value: vcpus}]", "spec.parameters[1].name"},
  };
  for (const auto& [patch, field] : kRows)
    EXPECT_EQ(finding(patch), field) << patch;
}

TEST(TemplateAdmit, ASizeNeverComesFromAParameterThatMayBeZero) {
  EXPECT_EQ(finding("[{op: remove, path: /spec/parameters/2/min}]"),
            "spec.components.machines[0].bootDisk.size.fromParameter");
  EXPECT_EQ(finding("[{op: replace, path: /spec/parameters/0/allowed, value: [0, 2]}]"),
            "spec.components.machines[0].vcpus.fromParameter");
}

TEST(TemplateHeader, NamesEachImageOnce) {
  const auto object = Encoded::make(template_object(), 1, header_fields(template_object()));
  EXPECT_EQ(image_index(object->header()), (std::vector<std::string>{"open-bsd", "open-linux"}));
}

ServiceTemplate sample() {
  return read_service_template(template_object()).value();
}

TEST(TemplatePlan, IsReadyOnceItsImagesExist) {
  const auto waiting = plan(sample(), {.images = {"open-linux"}, .offerings = {}});
  EXPECT_EQ(waiting.ready.status, "Unknown");
  EXPECT_EQ(waiting.ready.reason, "ReferenceNotFound");
  EXPECT_NE(waiting.ready.message.find("open-bsd"), std::string::npos);
  const auto ready = plan(sample(), {.images = {"open-linux", "open-bsd"}, .offerings = {"web"}});
  EXPECT_EQ(ready.ready.status, "True");
  EXPECT_EQ(ready.status.offerings, 1);
  EXPECT_EQ(ready.status.images, (std::vector<std::string>{"open-bsd", "open-linux"}));
}

TEST(TemplatePlan, ContentHashFollowsTheSpec) {
  auto edited = sample();
  edited.spec.description = "other";
  EXPECT_NE(plan(sample(), {}).status.content_hash, plan(edited, {}).status.content_hash);
}

TEST(TemplatePlan, IsStalledWhenItIsInconsistent) {
  auto wrong = sample();
  wrong.spec.components.machines[0].volumes = {"nowhere"};
  const auto step = plan(wrong, {.images = {"open-linux", "open-bsd"}, .offerings = {}});
  EXPECT_EQ(step.ready.reason, "InvalidSpec");
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Stuck);
}

TEST(TemplatePlan, InDeletionSaysWhichOfferingsSellIt) {
  auto object = sample();
  object.meta.deleted = "2026-01-01T00:00:00Z";
  const auto waiting = plan(object, {.images = {}, .offerings = {"a", "b"}});
  ASSERT_TRUE(waiting.deletion);
  EXPECT_EQ(waiting.deletion->blocker, "used by service offering a, service offering b");
  EXPECT_FALSE(plan(object, {}).release.empty());
}

TEST(TemplatePhase, IsDerivedFromConditions) {
  EXPECT_EQ(phase_of({{"Ready", "True", "Consistent", ""}}), "Ready");
  EXPECT_EQ(phase_of({{"Ready", "Unknown", "ReferenceNotFound", ""}}), "Pending");
  EXPECT_EQ(phase_of({{"Stalled", "True", "InvalidSpec", ""}}), "Invalid");
}

}  // namespace
}  // namespace charter::service_template
