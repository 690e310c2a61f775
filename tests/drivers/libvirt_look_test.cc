#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"
#include "tests/drivers/libvirt_bench.h"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

// A look at a host with many domains: what it costs, and that cheapness hides nothing.
namespace charter {
namespace {

constexpr int kSome = 60;   // enough for many turns of what is read again
constexpr int kMany = 300;  // where the cost is judged
constexpr int kVolumes = 60;
constexpr int64_t kMib = 1 << 20;

std::string uid_of(int index) {
  char uid[37];
  std::snprintf(uid, sizeof uid, "0f3c1c4e-53a1-4c8e-9d50-%012d", index);
  return uid;
}

std::string volume_uid_of(int index) {
  return uid_of(500'000 + index);
}

/// A host with as many machines of ours as a driver would have made there, none of which runs.
class LibvirtLook : public ::testing::Test {
 protected:
  explicit LibvirtLook(int domains = kSome) : domains_(domains) {}
  void SetUp() override {
    if (const auto why = bench_.absent(); !why.empty()) GTEST_SKIP() << why;
    for (int i = 0; i < domains_; ++i)
      add_machine(uid_of(i));
    for (int i = 0; i < kVolumes; ++i)
      add_volume(volume_uid_of(i));
    const auto first = bench_.driver().look();
    ASSERT_TRUE(first);
    ASSERT_EQ(first->machines.size(), static_cast<size_t>(domains_));
    ASSERT_EQ(first->volumes.size(), size_t{kVolumes});
  }

  void add_machine(const std::string& uid) {
    libvirt::DomainPlan plan;
    plan.title = "ns/" + uid;
    plan.vcpus = 1;
    plan.vcpus_max = 2;
    plan.stamp = {.uid = uid,
                  .provider = bench_.provider_uid(),
                  .fingerprint = std::string(64, 'f'),
                  .complete = true,
                  .image_digest = "sha256:" + std::string(64, 'a'),
                  .disk_class = "ssd",
                  .disk_bytes = kMib,
                  .memory_bytes = 32 * kMib,
                  .boot_pool = "charter",
                  .boot_volume = libvirt::boot_name(bench_.owner(), uid),
                  .networks = {"tenant"},
                  .protection = {.tenant = "ns"}};
    plan.disks = {{.pool = "charter",
                   .volume = plan.stamp.boot_volume,
                   .format = "qcow2",
                   .target = "vda",
                   .serial = "boot"}};
    plan.nics = {{.mac = libvirt::mac_of(uid, 0), .network = ""}};
    make(plan.stamp.boot_volume);
    ASSERT_TRUE(
        libvirt::Domain(virDomainDefineXML(bench_.hands(), libvirt::build_domain(plan).c_str())));
  }

  std::string volume_name(const std::string& uid) {
    const auto name = libvirt::volume_name({.owner = bench_.owner(),
                                            .uid = uid,
                                            .protection = {.tenant = "ns"},
                                            .storage_class = "ssd",
                                            .format = "raw"});
    return name ? *name : "";
  }
  void add_volume(const std::string& uid) { make(volume_name(uid)); }

  void make(const std::string& name) {
    ASSERT_TRUE(libvirt::make_volume(bench_.hands(), "charter",
                                     {.name = name, .format = "raw", .bytes = kMib}));
  }

  libvirt::Domain domain(const std::string& uid) {
    return libvirt::Domain(virDomainLookupByUUIDString(bench_.hands(), uid.c_str()));
  }

  /// What the next look says of a machine.
  MachineState seen(const std::string& uid) {
    const auto inventory = bench_.driver().look();
    if (!inventory) return {};
    for (const auto& machine : inventory->machines)
      if (machine.uid == uid) return machine;
    return {};
  }

  /// Looks until this is so; says how often.
  template <class Condition>
  int looks_until(Condition is_so) {
    for (int looks = 1; looks <= domains_; ++looks)
      if (is_so()) return looks;
    return 0;
  }

  const int domains_;
  RealHypervisorBench bench_;
};

class LibvirtLookAtMany : public LibvirtLook {
 protected:
  LibvirtLookAtMany() : LibvirtLook(kMany) {}
};

template <class Work>
double middle_ms(int times, Work work) {
  std::vector<double> took;
  for (int i = 0; i < times; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    work();
    took.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
            .count());
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

// Held against a driver that has read nothing yet and so reads each domain: a bound in milliseconds
// would say how busy the machine is.
TEST_F(LibvirtLookAtMany, AtThreeHundredDomainsCostsNoCallForEach) {
  const double look = middle_ms(30, [&] { ASSERT_TRUE(bench_.driver().look()); });
  std::cout << "look at " << kMany << " defined domains, " << kVolumes << " volumes: " << look
            << " ms; goal: <= 10 ms\n";
  const double first = middle_ms(3, [&] { ASSERT_TRUE(bench_.reconnect()); });
  std::cout << "opening the endpoint, which reads each of them: " << first << " ms\n";
  EXPECT_LT(look, first / 2);
  const double observe =
      middle_ms(30, [&] { ASSERT_TRUE(*bench_.driver().observe_volume(volume_uid_of(0))); });
  std::cout << "observing one volume among them: " << observe << " ms\n";
  EXPECT_LT(observe, first / 2);
}

TEST_F(LibvirtLook, SeesAtOnceWhatTheBulkCallOrAnEventShows) {
  const std::string uid = uid_of(kSome / 2);
  ASSERT_EQ(virDomainSetVcpusFlags(domain(uid).get(), 2, VIR_DOMAIN_AFFECT_CONFIG), 0);
  EXPECT_EQ(seen(uid).vcpus, 2) << "no event tells of this";
  ASSERT_EQ(virDomainUndefineFlags(domain(uid).get(), 0), 0);
  EXPECT_TRUE(seen(uid).incomplete) << "its disk is left";
  add_machine(uid);
  EXPECT_FALSE(seen(uid).incomplete);
  EXPECT_EQ(seen(uid).vcpus, 1);
}

// Attaching to what is off changes its definition without an event.
TEST_F(LibvirtLook, SeesWhatNothingTellsBeforeEveryoneHadHisTurnTwice) {
  const std::string uid = uid_of(kSome - 1), volume = volume_uid_of(3);
  const std::string disk = libvirt::disk_element(
      {.pool = "charter", .volume = volume_name(volume), .format = "raw", .target = "vdc"});
  ASSERT_EQ(virDomainAttachDeviceFlags(domain(uid).get(), disk.c_str(), VIR_DOMAIN_AFFECT_CONFIG),
            0);
  const int looks =
      looks_until([&] { return seen(uid).volume_uids == std::vector<std::string>{volume}; });
  EXPECT_GT(looks, 0);
  EXPECT_LE(looks, 2 * kSome / static_cast<int>(limits::kLookAgainMax));
}

TEST_F(LibvirtLook, ADiskThatSomebodyAddsIsFoundByWhoWouldRemoveIt) {
  const std::string uid = volume_uid_of(7);
  const std::string disk = libvirt::disk_element(
      {.pool = "charter", .volume = volume_name(uid), .format = "raw", .target = "vdc"});
  ASSERT_EQ(virDomainAttachDeviceFlags(domain(uid_of(kSome / 3)).get(), disk.c_str(),
                                       VIR_DOMAIN_AFFECT_CONFIG),
            0);
  EXPECT_EQ(bench_.driver().remove_volume(uid).error().code, Code::Conflict)
      << "no event and no bulk call shows it, so each domain is asked";
  const auto state = bench_.driver().observe_volume(uid);
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->attached_to, std::vector<std::string>{uid_of(kSome / 3)});
}

}  // namespace
}  // namespace charter
