#include "drivers/libvirt/names.h"
#include "drivers/libvirt/networks.h"
#include "tests/drivers/libvirt_bench.h"

#include <libvirt/libvirt.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

// What the settings ask the driver to make: networks, and machines of a class.
namespace charter {
namespace {

constexpr const char* kA = "0f3c1c4e-53a1-4c8e-9d50-000000000001";

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

/// A libvirtd with a network namespace of its own, and settings to be changed.
class LibvirtMaking : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: no network namespace";
    bench_ = std::make_unique<RealHypervisorBench>(HostNetwork::Own);
    if (const auto why = bench_->absent(); !why.empty()) GTEST_SKIP() << why;
  }
  template <class Change>
  void settings(Change change) {
    auto tree = nlohmann::json::parse(bench_->settings);
    change(tree);
    bench_->settings = tree.dump();
  }
  MachineSpec spec() {
    MachineSpec spec = bench_->spec(kA);
    spec.protection.tenancy = Tenancy::SharedNetwork;
    return spec;
  }
  std::string definition() {
    const libvirt::Domain domain(virDomainLookupByUUIDString(bench_->hands(), kA));
    return libvirt::take_text(virDomainGetXMLDesc(domain.get(), 0));
  }

  std::unique_ptr<RealHypervisorBench> bench_;
};

TEST_F(LibvirtMaking, ANetworkIsMadeOnceAndStartedWhenSomebodyStoppedIt) {
  if (!has_program("dnsmasq")) GTEST_SKIP() << "no dnsmasq here";
  for (const char* mode : {"Isolated", "NAT"}) {
    const std::string name = std::string("charter-") + mode;
    settings([&](auto& tree) {
      tree["networks"][0] = {{"name", "tenant"},
                             {"mode", mode},
                             {"network", name},
                             {"address", mode[0] == 'N' ? "10.77.0.1/24" : "10.78.0.1/24"}};
    });
    const auto driver = bench_->try_open();
    ASSERT_TRUE(driver) << driver.error().message;
    const libvirt::Network network(virNetworkLookupByName(bench_->hands(), name.c_str()));
    ASSERT_TRUE(network);
    char uuid[VIR_UUID_STRING_BUFLEN];
    ASSERT_EQ(virNetworkGetUUIDString(network.get(), uuid), 0);
    EXPECT_EQ(uuid, libvirt::network_uuid(bench_->provider_uid(), name));
    EXPECT_EQ(virNetworkIsActive(network.get()), 1);
    ASSERT_EQ(virNetworkDestroy(network.get()), 0);
    ASSERT_TRUE((*driver)->look());
    EXPECT_EQ(virNetworkIsActive(network.get()), 1) << "it is ours to start";

    EXPECT_EQ((*driver)->create(bench_->spec(kA)).error().reason, "IsolationNotPossible")
        << "its machines see each other";
    ASSERT_TRUE((*driver)->create(spec()));
    ASSERT_TRUE((*driver)->set_power(kA, PowerState::On));
    EXPECT_NE(definition().find("network='" + name + "'"), std::string::npos);
    ASSERT_TRUE((*driver)->remove(kA));
  }
}

TEST_F(LibvirtMaking, ANetworkOfSomebodyElseIsNotTakenForOurs) {
  const libvirt::Network theirs(virNetworkDefineXML(
      bench_->hands(), "<network><name>taken</name><bridge name='brx'/></network>"));
  ASSERT_TRUE(theirs);
  settings([](auto& tree) {
    tree["networks"][0] = {{"name", "tenant"},
                           {"mode", "Isolated"},
                           {"network", "taken"},
                           {"address", "10.77.0.1/24"}};
  });
  const auto refused = bench_->try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_NE(refused.error().message.find("taken"), std::string::npos);
  EXPECT_EQ(virNetworkIsActive(theirs.get()), 0);
}

TEST_F(LibvirtMaking, AMachineIsMadeOfWhatItsClassSays) {
  settings([](auto& tree) {
    tree["machineClasses"] = nlohmann::json::array({{{"name", "high-speed"},
                                                     {"cpuModel", "Westmere"},
                                                     {"coresPerSocket", 1},
                                                     {"threadsPerCore", 2}}});
  });
  const auto driver = bench_->open();
  ASSERT_TRUE(driver->create(spec()));
  ASSERT_TRUE(driver->set_power(kA, PowerState::On));
  EXPECT_NE(definition().find(">Westmere</model>"), std::string::npos);
  EXPECT_NE(definition().find("threads='2'"), std::string::npos);
  ASSERT_TRUE(driver->resize(kA, 2, spec().memory_bytes)) << "whole sockets stay whole";
  EXPECT_EQ((*driver->observe(kA))->vcpus, 2);
}

TEST_F(LibvirtMaking, AMachineWithUefiLeavesNoVariablesBehind) {
  if (!std::filesystem::exists("/usr/share/OVMF")) GTEST_SKIP() << "no UEFI firmware here";
  settings([](auto& tree) {
    tree["machineClasses"] =
        nlohmann::json::array({{{"name", "high-speed"}, {"firmware", "UEFI"}}});
  });
  const auto driver = bench_->open();
  MachineSpec uefi = spec();
  uefi.memory_bytes = 64 << 20;
  ASSERT_TRUE(driver->create(uefi));
  ASSERT_TRUE(driver->set_power(kA, PowerState::On));
  const std::filesystem::path variables = bench_->daemon().directory() + "/host/lib/qemu/nvram";
  EXPECT_FALSE(std::filesystem::is_empty(variables));
  EXPECT_NE(definition().find("type='pflash'"), std::string::npos);
  ASSERT_TRUE(driver->remove(kA));
  EXPECT_TRUE(std::filesystem::is_empty(variables));
}

}  // namespace
}  // namespace charter
