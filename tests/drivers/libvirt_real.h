#pragma once

#include "drivers/libvirt/names.h"
#include "tests/drivers/libvirt_bench.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>

#include <filesystem>
#include <set>
#include <string>

// What tests of real guests begin with.
namespace charter {

inline constexpr const char* kA = "0f3c1c4e-53a1-4c8e-9d50-000000000001";
inline constexpr const char* kB = "0f3c1c4e-53a1-4c8e-9d50-000000000002";
inline constexpr const char* kDisk = "0f3c1c4e-53a1-4c8e-9d50-0000000000d1";
inline constexpr int64_t kMib = 1 << 20;

/// An empty libvirtd for each test (libvirtd_lease.h).
class LibvirtReal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = bench_.absent(); !why.empty()) GTEST_SKIP() << why;
  }
  ProviderDriver& driver() { return bench_.driver(); }
  MachineState observed() {
    const auto state = driver().observe(kA);
    EXPECT_TRUE(state && *state);
    return state && *state ? **state : MachineState{};
  }
  void run_machine() {
    ASSERT_TRUE(driver().create(bench_.spec(kA)));
    ASSERT_TRUE(driver().set_power(kA, PowerState::On));
    bench_.settle();
  }
  libvirt::Domain domain() {
    return libvirt::Domain(virDomainLookupByUUIDString(bench_.hands(), kA));
  }
  std::string definition() {
    return libvirt::take_text(virDomainGetXMLDesc(domain().get(), VIR_DOMAIN_XML_INACTIVE));
  }
  /// Names in the pool's directory that begin with this.
  std::set<std::string> files(const std::string& start = "charter-") {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(bench_.daemon().pool())) {
      const std::string name = entry.path().filename();
      if (name.starts_with(start) && !name.starts_with("charter-image.")) names.insert(name);
    }
    return names;
  }
  std::string path(const std::string& name) { return bench_.daemon().pool() + "/" + name; }
  std::string volume_file() {
    const auto found = files("charter-volume.");
    return found.size() == 1 ? *found.begin() : "";
  }
  VolumeSpec disk() { return {.uid = kDisk, .name = "ns/d", .size_bytes = 8 * kMib}; }

  RealHypervisorBench bench_;
};

}  // namespace charter
