#include "reconcilers/image/admit.h"
#include "reconcilers/image/plan.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::image {
namespace {

Json image_object(const std::string& url) {
  return {{"metadata", {{"name", "open-linux"}, {"generation", 1}}},
          {"spec",
           {{"source", {{"url", url}, {"sha256", std::string(64, 'a')}}}, {"os", "open-linux"}}}};
}

std::string refusal(const Json& object) {
  AdmitRequest request;
  request.object = &object;
  const auto admitted = admit(request, MapView());
  return admitted ? "" : admitted.error().causes.at(0).field;
}

TEST(ImageAdmit, TakesAnHttpsUrlWithADigest) {
  EXPECT_EQ(refusal(image_object("https://images.providerco.example/open.qcow2")), "");
  EXPECT_EQ(refusal(image_object("https://images.providerco.example:8443/open.qcow2")), "");
  auto object = image_object("https://images.providerco.example/open.qcow2");
  object["spec"]["source"].erase("sha256");
  EXPECT_EQ(refusal(object), "spec.source.sha256");
}

TEST(ImageAdmit, RefusesAddressesAndLocalNames) {
  for (const char* url : {
           "https://169.254.169.254/latest",
           "https://127.0.0.1/x",
           "https://127.1/x",
           "https://[::1]/x",
           "https://[fd00::1]:443/x",
           "https://2130706433/x",
           "https://0x7f.0.0.1/x",
           "https://0x7f.1/x",
           "https://017700000001/x",
           "https://localhost/x",
           "https://a.localhost/x",
           "https://db.internal/x",
           "https://printer.LOCAL/x",
           "https://host/x",
           "https:///x",
           "https://a..b/x",
           "https://-a.example/x",
           "https://a.example-/x",
           "https://metadata.internal./x",
           "https://127.0.0.1\\@a.example/x",
           "https://a_b.example/x",
       }) {
    EXPECT_EQ(refusal(image_object(url)), "spec.source.url") << url;
  }
}

TEST(ImageAdmit, RefusesUploadsBecauseTheServerTakesNone) {
  auto object = image_object("");
  object["spec"]["source"] = {{"upload", true}};
  EXPECT_EQ(refusal(object), "spec.source.upload");
  object["spec"]["source"] = {{"sha256", std::string(64, 'a')}};
  EXPECT_EQ(refusal(object), "spec.source.url");
}

TEST(ImageAdmit, TakesEveryChangeOfAnObjectInDeletion) {
  auto object = image_object("https://127.0.0.1/x");
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_EQ(refusal(object), "");
}

TEST(ImageAdmit, FindsTheHost) {
  EXPECT_EQ(host_of("https://a.example:8443/x?y"), "a.example");
  EXPECT_EQ(host_of("https://a.example?x"), "a.example");
  EXPECT_EQ(host_of("https://[::1]:1/x"), "[::1]");
  EXPECT_EQ(host_of("http://a.example/x"), "");
}

Image sample(const char* url = "https://images.providerco.example/open.qcow2") {
  return read_image(image_object(url)).value();
}

TEST(ImagePlan, IsReadyWithThePinnedDigest) {
  const auto step = plan(sample(), {.users = {"service template catalog/web"}});
  EXPECT_EQ(step.ready.status, "True");
  EXPECT_EQ(step.status.digest, "sha256:" + std::string(64, 'a'));
  EXPECT_EQ(step.status.referenced_by, 1);
  EXPECT_EQ(step.outcome, Outcome::done());
}

TEST(ImagePlan, IsStalledWhenItsSourceIsNotLegal) {
  const auto step = plan(sample("https://127.0.0.1/x"), {});
  EXPECT_EQ(step.ready.status, "False");
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Stuck);
}

TEST(ImagePlan, InDeletionStaysWhileItIsUsedAndSaysByWhom) {
  auto image = sample();
  image.meta.deleted = "2026-01-01T00:00:00Z";
  const auto waiting = plan(image, {.users = {"service template catalog/web"}});
  ASSERT_TRUE(waiting.deletion);
  EXPECT_EQ(waiting.deletion->reason, "InUse");
  EXPECT_EQ(waiting.deletion->blocker, "used by service template catalog/web");
  EXPECT_TRUE(waiting.release.empty());
  const auto free = plan(image, {});
  EXPECT_EQ(free.release, std::vector<std::string>{"charter.dev/in-use"});
}

TEST(ImagePhase, IsDerivedFromConditions) {
  EXPECT_EQ(phase_of({{"Ready", "True", "Ready", ""}}), "Ready");
  EXPECT_EQ(phase_of({{"Ready", "False", "InvalidSpec", ""}, {"Stalled", "True", "x", ""}}),
            "Rejected");
  EXPECT_EQ(phase_of({}), "Pending");
}

}  // namespace
}  // namespace charter::image
