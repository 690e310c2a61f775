#include "drivers/simulated/sim_driver.h"
#include "tests/reconcilers/machine/machine_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Providers that are logged in to with a Secret: when it is read, and what its loss means.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRemoteProvider = R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec:
  driver: libvirt
  location: {region: eu-central, jurisdiction: EU}
  libvirt: {uri: "qemu+ssh://root@kvm-1/system", storagePools: [{name: default}]}
  credentialsRef: {name: kvm-1, namespace: default}
)";
constexpr const char* kHost = R"({"hosts":[{"name":"h","vcpus":16,"memory":"64Gi","storage":"1Ti"}],
                                   "bootTime":"1s"})";

/// A World with a driver "libvirt" whose only host lets in who shows one of these keys.
class RemoteWorld : public MachineWorld {
 public:
  explicit RemoteWorld(Login login = Login::BySecret) : MachineWorld("") {
    drivers().add_factory(
        "libvirt",
        [this](const DriverSettings& from) -> Result<std::shared_ptr<ProviderDriver>> {
          ++opened_;
          shown_ = from.credentials;
          const auto key = from.credentials.find("ssh-privatekey");
          if (key == from.credentials.end())
            return Error{Code::ServiceUnavailable, "no key", kInvalidCredentials};
          if (!key->second.starts_with("good"))
            return Error{Code::ServiceUnavailable, "not let in", kCredentialsRefused};
          DriverSettings inner = from;
          inner.settings = kHost;
          return simulated_driver_factory(worlds_, {.clock = &clock(), .pause = {}})(inner);
        },
        login);
  }
  void set_key(const std::string& key, const std::string& allowed = "p") {
    apply(
        "{apiVersion: v1, kind: Secret, metadata: {name: kvm-1, namespace: default, annotations: "
        "{charter.dev/providers: \"" +
        allowed + "\"}}, stringData: {ssh-privatekey: " + key + "}}");
  }
  void run_machine() {
    set_key("good-1");
    apply(kRemoteProvider);
    apply(machine_yaml("m0"));
    ASSERT_TRUE(is_ready("Machine", "shop/m0")) << explain("Machine", "shop/m0");
  }
  int opened() const { return opened_; }
  const Credentials& shown() const { return shown_; }

 private:
  SimWorlds worlds_{""};
  int opened_ = 0;
  Credentials shown_;
};

TEST(ProviderCredentials, ASecretThatIsMissingIsNamedAndTakenAsSoonAsItIsThere) {
  RemoteWorld world;
  world.apply(kRemoteProvider);
  world.settle();
  EXPECT_EQ(world.explain("Provider", "p"),
            "Ready=False ReferenceNotFound: spec.credentialsRef: secret default/kvm-1 does not "
            "exist; looked at again every 10s");
  EXPECT_EQ(world.reason("Provider", "p", "Reachable"), "ReferenceNotFound");
  EXPECT_EQ(world.opened(), 0);
  world.set_key("good-1");
  world.settle_for(11s);
  EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
  EXPECT_EQ(world.shown(), (Credentials{{"ssh-privatekey", "good-1"}}));
}

TEST(ProviderCredentials, ASecretIsForThoseProvidersThatItNames) {
  for (const char* others : {"", "q", "pp, q", "P"}) {
    RemoteWorld world;
    world.set_key("good-1", others);
    world.apply(kRemoteProvider);
    world.settle();
    EXPECT_EQ(world.explain("Provider", "p"),
              "Ready=False Denied: spec.credentialsRef: secret default/kvm-1 does not allow this "
              "Provider: its annotation charter.dev/providers must name it; looked at again every "
              "10s")
        << others;
    EXPECT_EQ(world.opened(), 0) << "nothing of it is shown to any driver";
    world.set_key("good-1", "q, p");
    world.settle_for(11s);
    EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
  }
  RemoteWorld world;
  world.set_key("good-1", "*");
  world.apply(kRemoteProvider);
  world.settle();
  EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
}

TEST(ProviderCredentials, AnotherContentMakesOneNewConnectionAndTheSameOneNone) {
  RemoteWorld world;
  world.run_machine();
  world.settle_for(60s);
  EXPECT_EQ(world.opened(), 1);
  world.edit("Secret", "default/kvm-1", "{metadata: {labels: {touched: yes-it-was}}}");
  world.settle_for(30s);
  EXPECT_EQ(world.opened(), 1);
  world.set_key("good-2");
  world.settle_for(11s);
  EXPECT_EQ(world.opened(), 2);
  EXPECT_EQ(world.shown().at("ssh-privatekey"), "good-2");
  EXPECT_TRUE(world.is("Machine", "shop/m0", "Ready"));
  world.expect_quiet();
}

TEST(ProviderCredentials, WhatIsRefusedOrGoneIsToldAndWhatRunsIsKept) {
  RemoteWorld world;
  world.run_machine();
  world.set_key("bad");
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Provider", "p"), "CredentialsRefused");
  EXPECT_TRUE(world.is("Machine", "shop/m0", "Ready"));
  world.remove("Secret", "default/kvm-1");
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Provider", "p"), "ReferenceNotFound");
  world.edit("Machine", "shop/m0", "{spec: {power: \"Off\"}}");
  EXPECT_TRUE(world.settle_until(
      [&] { return world.field("Machine", "shop/m0", "status.power") == "Off"; }, 1min))
      << "the connection that is open goes on";
  world.set_key("good-1");
  world.settle_for(11s);
  EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
}

TEST(ProviderCredentials, WhoHasMachinesThereIsToldOfNoSecret) {
  RemoteWorld world;
  world.apply(kRemoteProvider);
  world.apply(machine_yaml("m0"));
  world.settle_for(5s);
  EXPECT_EQ(world.reason("Machine", "shop/m0"), "ProviderUnreachable");
  EXPECT_FALSE(world.is("Machine", "shop/m0", "Stalled"));
  world.set_key("good-1");
  EXPECT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
}

TEST(ProviderCredentials, ADriverThatLogsInNowhereReadsNoSecret) {
  RemoteWorld world(Login::None);
  world.set_key("good-1");
  world.apply(kRemoteProvider);
  world.settle();
  EXPECT_GT(world.opened(), 0);
  EXPECT_EQ(world.shown(), Credentials());
}

TEST(ProviderCredentials, NoValueIsInStatusOrEvents) {
  RemoteWorld world;
  world.run_machine();
  world.set_key("bad-and-secret");
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Provider", "p"), "CredentialsRefused");
  EXPECT_EQ(world.get("Provider", "p").dump().find("bad-and-secret"), std::string::npos);
  for (const auto& name : world.names("Event"))
    EXPECT_EQ(world.get("Event", name).dump().find("bad-and-secret"), std::string::npos);
}

}  // namespace
}  // namespace charter::test
