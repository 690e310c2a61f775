#include "tests/reconcilers/service_offering/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::service_offering {

Json offering_object() {
  return parse_yaml(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceOffering
metadata: {name: web, uid: u-web, generation: 1}
spec:
  publication: Published
  edition: 1
  templateRef: {namespace: catalog, name: server}
  parameters:
  - {name: os, locked: linux}
  units:
    compute: {per: Machine, equals: {vcpus: 4, memory: 8GB}}
    storage: {per: Capacity, equals: 100GB}
  serviceLevel: {availability: "99.9", provisioningTime: 10m}
  billing: {rateCardRef: std-2026}
)")
      .value();
}

ServiceOffering offering(const std::string& patch) {
  auto object = offering_object();
  object.merge_patch(parse_yaml(patch).value());
  return read_service_offering(object).value();
}

Json template_object() {
  return parse_yaml(R"(
metadata: {name: server, namespace: catalog}
spec:
  parameters:
  - {name: vcpus, type: integer, allowed: [2, 4], default: 2}
  - {name: disk, type: quantity, min: 100GB, max: 1000GB, step: 100GB, default: 100GB}
  - {name: os, type: string, allowed: [linux, bsd], default: bsd}
  components:
    machines:
    - name: server
      vcpus: {fromParameter: vcpus}
      memory: {value: 8GB}
      imageFrom: {parameter: os, map: {linux: open-linux, bsd: open-bsd}}
      bootDisk: {size: {fromParameter: disk}}
)")
      .value();
}

Json rate_card_object() {
  return parse_yaml(R"(
metadata: {name: std-2026}
spec:
  currency: USD
  effectiveFrom: "2026-01-01T00:00:00Z"
  items:
  - {meter: cpu-hours, basis: Active, price: "0.13", per: CPUHour}
  - {meter: storage, basis: Allocated, price: "5.00", per: TBDay}
)")
      .value();
}

Json image_object(const std::string& name) {
  return {
      {"metadata", {{"name", name}}},
      {"spec",
       {{"source", {{"url", "https://images.example/" + name}, {"sha256", std::string(64, 'a')}}},
        {"os", name},
        {"minDisk", "20GB"}}}};
}

Observed complete() {
  Observed have;
  have.now = parse_time("2026-06-01T00:00:00Z").value();
  have.sources.sold = read_service_template(template_object()).value().spec;
  have.sources.rates = read_rate_card(rate_card_object()).value().spec.rates;
  for (const char* name : {"open-linux", "open-bsd"})
    have.sources.images.emplace(name, read_image(image_object(name)).value().spec);
  return have;
}

RevisionFacts revision_of(const ServiceOffering& object, const Observed& have) {
  auto spec = make_revision(object, have.sources, have.now).value();
  const auto name = revision_name(object.meta.name, spec.content_hash);
  return {name, have.now, std::move(spec)};
}

namespace {

TEST(OfferingSamples, AreComplete) {
  const auto made = make_revision(offering(), complete().sources, complete().now);
  EXPECT_TRUE(made) << made.error().message;
}

}  // namespace
}  // namespace charter::service_offering
