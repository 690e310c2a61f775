#include "reconcilers/service_instance/admit.h"

#include "crds/types/kinds.h"
#include "reconcilers/service_instance/holdings.h"
#include "tests/reconcilers/map_view.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// The rows of the table in admit.h; texts as scenario S1 and S3 want them.
namespace charter::service_instance {
namespace {

struct Admission : ::testing::Test {
  MapView view;
  Json now = sample_instance();
  std::optional<Json> before;

  Admission() {
    view.put(kinds::bucket(kinds::contracts()), sample_contract());
    view.put(kinds::bucket(kinds::service_offering_revisions()), sample_revision());
    for (const char* place : {"EU", "US"}) {
      auto provider = sample(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec: {driver: simulated, location: {region: r, jurisdiction: EU}}
)");
      provider["metadata"]["name"] = std::string("in-") + (place[0] == 'E' ? "eu" : "us");
      provider["spec"]["location"]["jurisdiction"] = place;
      view.put(kinds::bucket(kinds::providers()), provider);
    }
  }

  AdmitRequest request() {
    AdmitRequest request;
    request.operation = before ? AdmitRequest::Operation::Update : AdmitRequest::Operation::Create;
    request.object = &now;
    request.before = before ? &*before : nullptr;
    return request;
  }
  std::string verdict() {
    const auto status = admit(request(), view);
    return status ? "" : status.error().message;
  }
  std::string guarded() {
    const auto status = guard(request(), view);
    return status ? "" : status.error().message;
  }
  void others(const std::string& name, int64_t replicas) {
    auto other = sample_instance();
    other["metadata"]["name"] = name;
    other["spec"]["replicas"] = replicas;
    other["spec"].erase("volumes");
    view.put(kinds::bucket(kinds::service_instances()), other, header_fields(other));
  }
};

TEST_F(Admission, TheSampleIsAllowed) {
  EXPECT_EQ(verdict(), "");
  EXPECT_EQ(guarded(), "");
}

TEST_F(Admission, AMissingContractIsNamed) {
  now["spec"]["contractRef"]["name"] = "nothing";
  EXPECT_EQ(verdict(),
            "spec.contractRef.name: Invalid value: \"nothing\": there is no Contract of this name "
            "in namespace consumerco");
}

TEST_F(Admission, ValuesThatAreNotSoldAreRefusedWithThoseThatAre) {
  now["spec"]["parameters"]["vcpus"] = 3;
  EXPECT_EQ(verdict(),
            "spec.parameters.vcpus: Unsupported value: 3: supported values: \"2\", \"4\"");
  now["spec"]["parameters"] = {{"memory", "7GB"}};
  EXPECT_EQ(
      verdict(),
      "spec.parameters.memory: Unsupported value: \"7GB\": supported values: \"6GB\", \"8GB\"");
  now["spec"]["parameters"] = {{"disk", "150GB"}};
  EXPECT_EQ(verdict(),
            "spec.parameters.disk: Invalid value: \"150GB\": must be from 100GB to 1000GB in steps "
            "of 100GB");
  now["spec"]["parameters"] = {{"colour", "red"}};
  EXPECT_EQ(verdict(),
            "spec.parameters.colour: Invalid value: \"red\": unknown parameter; the offering has "
            "vcpus, memory, disk, class, os");
  now["spec"]["parameters"] = {{"class", "standard"}};
  EXPECT_EQ(
      verdict(),
      "spec.parameters.class: Invalid value: \"standard\": the offering fixes it at high-speed");
}

TEST_F(Admission, EqualAmountsInOtherWordsAreAllowed) {
  now["spec"]["parameters"] = {{"memory", "8000MB"}, {"disk", "0.2TB"}};
  EXPECT_EQ(verdict(), "");
}

TEST_F(Admission, ACatalogWidenedLaterDoesNotWidenAnAcceptedContract) {
  auto wider = sample_revision();
  wider["metadata"]["name"] = "compute-highspeed-2";
  wider["spec"]["parameters"][0]["allowed"] = {2, 3, 4};
  view.put(kinds::bucket(kinds::service_offering_revisions()), wider);
  auto offering =
      sample("{metadata: {name: compute-highspeed}, status: {revision: compute-highspeed-2}}");
  view.put(kinds::bucket(kinds::service_offerings()), offering);
  now["spec"]["parameters"]["vcpus"] = 3;
  EXPECT_NE(verdict(), "");
  auto contract = sample_contract();
  contract.erase("status");
  view.put(kinds::bucket(kinds::contracts()), contract);
  EXPECT_EQ(verdict(), "") << "not accepted: the published revision counts";
}

TEST_F(Admission, AnInstanceIsJudgedByTheRevisionItIsPinnedTo) {
  before = now;
  (*before)["status"]["revision"] = "compute-highspeed-1";
  auto contract = sample_contract();
  contract["status"]["accepted"]["revision"] = "gone";
  view.put(kinds::bucket(kinds::contracts()), contract);
  now["spec"]["parameters"]["vcpus"] = 3;
  EXPECT_NE(verdict(), "");
}

TEST_F(Admission, ANamedProviderHasToExistAndToBeAllowed) {
  now["spec"]["providerRef"] = {{"name", "nowhere"}};
  EXPECT_EQ(verdict(),
            "spec.providerRef.name: Invalid value: \"nowhere\": there is no Provider of this name");
  now["spec"]["providerRef"] = {{"name", "in-us"}};
  EXPECT_EQ(verdict(),
            "spec.providerRef.name: Invalid value: \"in-us\": the provider is in jurisdiction US, "
            "allowed are EU");
  now["spec"]["providerRef"] = {{"name", "in-eu"}};
  EXPECT_EQ(verdict(), "");
}

TEST_F(Admission, NumbersAndTimesHaveToMakeSense) {
  now["spec"]["replicas"] = -1;
  EXPECT_EQ(verdict(), "spec.replicas: Invalid value: -1: must not be negative");
  now["spec"]["replicas"] = 1'025;
  EXPECT_NE(verdict().find("at most 1024"), std::string::npos) << verdict();
  now["spec"]["replicas"] = 0;
  now["spec"]["lease"] = {{"duration", "0s"}};
  EXPECT_EQ(verdict(), "spec.lease.duration: Invalid value: \"0s\": must be above zero");
}

TEST_F(Admission, VolumesAreNamedOnceAndNeverShrink) {
  now["spec"]["volumes"].push_back({{"name", "data"}, {"size", "100GB"}});
  EXPECT_EQ(verdict(), "spec.volumes[1].name: Duplicate value: \"data\"");
  now = sample_instance();
  before = now;
  now["spec"]["volumes"][0]["size"] = "400GB";
  EXPECT_NE(verdict().find("spec.volumes[0].size"), std::string::npos);
  EXPECT_NE(verdict().find("it has 500GB"), std::string::npos) << verdict();
  now["spec"]["volumes"][0] = {{"name", "data"}, {"size", "500GB"}, {"shared", false}};
  EXPECT_EQ(verdict(), "spec.volumes[0].shared: Invalid value: false: field is immutable");
}

TEST_F(Admission, ABootDiskNeverShrinks) {
  now["spec"]["parameters"]["disk"] = "200GB";
  before = now;
  now["spec"]["parameters"]["disk"] = "100GB";
  EXPECT_NE(verdict().find("the boot disk of server can't shrink"), std::string::npos) << verdict();
}

TEST_F(Admission, TheContractCannotBeChanged) {
  before = now;
  now["spec"]["contractRef"]["name"] = "other";
  EXPECT_EQ(verdict(), "spec.contractRef.name: Invalid value: \"other\": field is immutable");
}

TEST_F(Admission, DeactivatingWorksWhateverBecameOfTheContract) {
  before = now;
  now["spec"]["activation"] = "Deactivated";
  view = MapView();
  EXPECT_EQ(verdict(), "");
  EXPECT_EQ(guarded(), "");
}

TEST_F(Admission, AnInstanceInDeletionTakesEveryChange) {
  (*(before = now))["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z";
  now["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z";
  now["spec"]["replicas"] = 99;
  EXPECT_EQ(verdict(), "");
  EXPECT_EQ(guarded(), "");
}

TEST_F(Admission, UnitsBeyondTheOrderAreRefusedWithDimensionOrderUsedAndAsked) {
  others("batch", 2);
  now["spec"]["replicas"] = 2;
  const auto status = guard(request(), view);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::Forbidden);
  EXPECT_EQ(status.error().message, "compute: ordered 3, used 2, asked 2");
  EXPECT_EQ(status.error().causes[0].field, "spec.replicas");
  now["spec"]["replicas"] = 1;
  EXPECT_EQ(guarded(), "");
}

TEST_F(Admission, StorageIsRoundedUpOverAllVolumesOfTheContract) {
  now["spec"]["volumes"] =
      Json::array({{{"name", "a"}, {"size", "250GB"}}, {{"name", "b"}, {"size", "250GB"}}});
  EXPECT_EQ(guarded(), "") << "500 GB are 5 units, not 3 + 3";
  now["spec"]["volumes"][1]["size"] = "251GB";
  const auto status = guard(request(), view);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "storage: ordered 5, used 0, asked 6");
  EXPECT_EQ(status.error().causes[0].field, "spec.volumes");
}

TEST_F(Admission, VolumesOfTheConsumersOwnCountToo) {
  auto volume = sample(
      "{metadata: {name: own, namespace: consumerco}, spec: {contractRef: {name: orders}, size: "
      "100GB}}");
  view.put(kinds::bucket(kinds::volumes()), volume,
           {{"spec.contractRef.name", "orders"}, {"spec.instanceRef.name", ""}});
  EXPECT_EQ(guarded(), "storage: ordered 5, used 1, asked 5");
}

TEST_F(Admission, ADeactivatedInstanceHoldsItsUnits) {
  auto other = sample_instance();
  other["metadata"]["name"] = "asleep";
  other["spec"]["activation"] = "Deactivated";
  view.put(kinds::bucket(kinds::service_instances()), other, header_fields(other));
  now["spec"]["replicas"] = 1;
  EXPECT_NE(guarded().find("compute: ordered 3, used 3, asked 1"), std::string::npos) << guarded();
}

TEST_F(Admission, ShrinkingIsAllowedAboveTheOrder) {
  others("batch", 3);
  before = now;
  now["spec"]["replicas"] = 2;
  EXPECT_EQ(guarded(), "");
}

TEST_F(Admission, OtherContractsAndNamespacesDoNotCount) {
  auto other = sample_instance();
  other["metadata"]["name"] = "b";
  other["spec"]["contractRef"]["name"] = "orders-2";
  view.put(kinds::bucket(kinds::service_instances()), other, header_fields(other));
  other = sample_instance();
  other["metadata"]["namespace"] = "elsewhere";
  view.put(kinds::bucket(kinds::service_instances()), other, header_fields(other));
  EXPECT_EQ(guarded(), "");
}

}  // namespace
}  // namespace charter::service_instance
