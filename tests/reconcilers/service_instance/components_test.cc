#include "reconcilers/service_instance/components.h"

#include "reconcilers/service_instance/children.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/wanted.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>

// What an instance consists of, and what its objects look like.
namespace charter::service_instance {
namespace {

const ServiceOfferingRevision::Spec& revision() {
  static const auto have = nothing_made();
  return *have.revision;
}

TEST(Blueprint, FillsTheTemplateWithGivenLockedAndDefaultValues) {
  auto spec = instance().spec;
  spec.parameters.erase("memory");
  spec.parameters["os"] = {std::string("open-bsd")};
  const auto blueprint = make_blueprint(revision(), spec);
  ASSERT_TRUE(blueprint) << blueprint.error().message;
  ASSERT_EQ(blueprint->machines.size(), 1u);
  const auto& server = blueprint->machines[0];
  EXPECT_EQ(server.vcpus, 4);
  EXPECT_EQ(server.memory_bytes, 6'000'000'000);
  EXPECT_EQ(server.machine_class, "high-speed");
  EXPECT_EQ(server.image.digest, "sha256:" + std::string(64, 'b'));
  EXPECT_EQ(server.volumes, std::vector<std::string>{"data"});
}

TEST(Blueprint, AVolumeOfTheInstanceMayNotTakeTheNameOfOneOfTheTemplate) {
  auto with_volume = revision();
  with_volume.frozen_template.components.volumes.push_back({"data", {1'000'000'000, ""}, {}, true});
  const auto blueprint = make_blueprint(with_volume, instance().spec);
  ASSERT_FALSE(blueprint);
  EXPECT_EQ(blueprint.error().causes[0].field, "spec.volumes[0].name");
}

TEST(Blueprint, ARevisionWithoutTheImageIsSaidToBeUnusable) {
  auto without = revision();
  without.images.clear();
  const auto blueprint = make_blueprint(without, instance().spec);
  ASSERT_FALSE(blueprint);
  EXPECT_EQ(blueprint.error().reason, "InvalidReference");
}

TEST(Wanted, VolumesThatAreNotSharedFollowTheirMachines) {
  auto si = instance();
  si.spec.volumes[0].shared = false;
  const auto blueprint = make_blueprint(revision(), si.spec);
  const auto wanted = wanted_of(si, *blueprint, {.provider = "p"});
  ASSERT_EQ(wanted.volumes.size(), 3u);
  EXPECT_EQ(wanted.volumes[1].name, "order-mgmt-data-1");
  EXPECT_EQ(wanted.machines[1].spec.volumes, std::vector<NameRef>{{"order-mgmt-data-1"}});
}

TEST(Wanted, SeveralMachineEntriesAreToldApartByName) {
  auto two = revision();
  two.frozen_template.components.machines.push_back(two.frozen_template.components.machines[0]);
  two.frozen_template.components.machines[1].name = "db";
  auto si = instance();
  si.spec.replicas = 1;
  const auto wanted = wanted_of(si, *make_blueprint(two, si.spec), {.provider = "p"});
  ASSERT_EQ(wanted.machines.size(), 2u);
  EXPECT_EQ(wanted.machines[0].name, "order-mgmt-server-0");
  EXPECT_EQ(wanted.machines[1].name, "order-mgmt-db-0");
  EXPECT_EQ(wanted.machines[1].spec.user_data_secret->name, "order-mgmt-db-user-data");
}

TEST(Wanted, NothingIsMadeForAnInstanceThatIsDeactivatedFromTheStart) {
  const auto si = instance();
  const auto wanted = wanted_of(si, *make_blueprint(revision(), si.spec),
                                {.provider = "p", .activation = Activation::Deactivated});
  EXPECT_TRUE(wanted.machines.empty());
  EXPECT_TRUE(wanted.volumes.empty());
}

TEST(Wanted, AVolumesOwnReclaimPolicyComesBeforeTheInstances) {
  auto spec = instance().spec;
  spec.reclaim_policy = ReclaimPolicy::Detach;
  EXPECT_EQ(reclaim_policy_of(spec, "data"), ReclaimPolicy::Detach);
  spec.volumes[0].reclaim_policy = ReclaimPolicy::Retain;
  EXPECT_EQ(reclaim_policy_of(spec, "data"), ReclaimPolicy::Retain);
}

TEST(Holdings, ReplicasCoveredFollowTheScarcestUnitThatTheOrderNames) {
  const auto blueprint = make_blueprint(revision(), instance().spec);
  EXPECT_EQ(replicas_covered(revision().units, {{"compute", 3}}, blueprint->machines), 3);
  EXPECT_EQ(replicas_covered(revision().units, {{"storage", 5}}, blueprint->machines), INT64_MAX);
}

TEST(UserData, LetsTheLoginUserInAndKeepsTheTemplatesOwnPart) {
  const auto plain = cloud_init("secret", "");
  EXPECT_TRUE(plain.starts_with("#cloud-config\n"));
  EXPECT_NE(plain.find("charter:secret"), std::string::npos);
  const auto both = cloud_init("secret", "#!/bin/sh\necho hello");
  EXPECT_TRUE(both.starts_with("Content-Type: multipart/mixed"));
  EXPECT_LT(both.find("chpasswd"), both.find("echo hello"));
  EXPECT_TRUE(both.ends_with("--\n"));
}

}  // namespace
}  // namespace charter::service_instance
