#include "drivers/libvirt/call_pool.h"
#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"
#include "tests/drivers/libvirt_real.h"

#include <libvirt/libvirt.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <poll.h>
#include <set>

// What the contract does not ask: that real guests do what they are told, and that nothing is lost
// or taken when host, daemon, guest or somebody else misbehaves.
namespace charter {
namespace {

TEST_F(LibvirtReal, TheGuestSeesItsDiskAndObeysThePowerButton) {
  run_machine();
  EXPECT_NE(bench_.console(kA).find("sectors=00002000"), std::string::npos) << bench_.console(kA);
  ASSERT_TRUE(driver().set_power(kA, PowerState::Off));
  bench_.settle();
  EXPECT_NE(bench_.console(kA).find("GUEST-ACPI-POWEROFF"), std::string::npos);
}

TEST_F(LibvirtReal, RemovingLeavesNothing) {
  run_machine();
  ASSERT_TRUE(driver().remove(kA));
  EXPECT_EQ(files(), std::set<std::string>());
  EXPECT_TRUE(std::filesystem::is_empty(bench_.daemon().consoles()));
  EXPECT_EQ(virConnectNumOfDomains(bench_.hands()), 0);
  EXPECT_EQ(virConnectNumOfDefinedDomains(bench_.hands()), 0);
}

TEST_F(LibvirtReal, AnInterruptedCreateIsNoMachineAndIsFinishedOrTakenAway) {
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  std::string text = definition();
  const size_t at = text.find("complete=\"yes\"");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, 14, "complete=\"no\"");
  ASSERT_TRUE(libvirt::Domain(virDomainDefineXML(bench_.hands(), text.c_str())));
  ASSERT_TRUE(libvirt::delete_volume(
      bench_.hands(), "charter", libvirt::boot_name(bench_.owner(), kA), libvirt::Wipe::Discard));
  EXPECT_TRUE(observed().incomplete);
  EXPECT_FALSE(driver().set_power(kA, PowerState::On));
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  EXPECT_FALSE(observed().incomplete);
  EXPECT_EQ(files().size(), 2u) << "boot disk and seed";
  ASSERT_TRUE(libvirt::Domain(virDomainDefineXML(bench_.hands(), text.c_str())));
  ASSERT_TRUE(driver().remove(kA));
  EXPECT_EQ(files(), std::set<std::string>());
}

TEST_F(LibvirtReal, ADomainThatSomebodyUndefinedLeavesItsDiskToTheNextOne) {
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  const std::string boot = path(libvirt::boot_name(bench_.owner(), kA));
  const auto before = std::filesystem::file_size(boot);
  std::ofstream(boot, std::ios::app) << "the tenant's data";
  ASSERT_EQ(virDomainUndefineFlags(domain().get(), VIR_DOMAIN_UNDEFINE_NVRAM), 0);
  EXPECT_TRUE(observed().incomplete);
  EXPECT_EQ(driver().look()->machines.size(), 1u) << "it shows among the orphans";
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  EXPECT_GT(std::filesystem::file_size(boot), before);
  ASSERT_EQ(virDomainUndefineFlags(domain().get(), VIR_DOMAIN_UNDEFINE_NVRAM), 0);
  MachineSpec larger = bench_.spec(kA);
  larger.disk_bytes *= 2;
  EXPECT_EQ(driver().create(larger).error().code, Code::Conflict) << "that would be another disk";
  EXPECT_GT(std::filesystem::file_size(boot), before);
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  ASSERT_EQ(virDomainUndefineFlags(domain().get(), VIR_DOMAIN_UNDEFINE_NVRAM), 0);
  ASSERT_TRUE(driver().remove(kA));
  EXPECT_EQ(files(), std::set<std::string>());
}

TEST_F(LibvirtReal, ADomainOfSomebodyElseWithOurNameIsRefusedAndLeftAlone) {
  bench_.add_foreign(libvirt::domain_name(kA), "0f3c1c4e-53a1-4c8e-9d50-00000000ffff");
  const auto refused = driver().create(bench_.spec(kA));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_EQ(files(), std::set<std::string>());
  EXPECT_EQ(virConnectNumOfDomains(bench_.hands()), 1);
}

TEST_F(LibvirtReal, AVolumeGrowsUnderARunningGuestAndIsNotTakenFromIt) {
  ASSERT_TRUE(driver().create_volume(disk()));
  run_machine();
  ASSERT_TRUE(driver().attach_volume(kDisk, kA));
  EXPECT_EQ(observed().volume_uids, std::vector<std::string>{kDisk});
  EXPECT_EQ(driver().remove_volume(kDisk).error().code, Code::Conflict);
  ASSERT_TRUE(driver().grow_volume(kDisk, 16 * kMib));
  virDomainBlockInfo facts{};
  ASSERT_EQ(virDomainGetBlockInfo(domain().get(), "vdb", &facts, 0), 0);
  EXPECT_EQ(facts.capacity, static_cast<unsigned long long>(16 * kMib));
  EXPECT_EQ((*driver().observe_volume(kDisk))->size_bytes, 16 * kMib);
  ASSERT_TRUE(driver().set_power(kA, PowerState::Off));
  bench_.settle();
  EXPECT_EQ(observed().volume_uids, std::vector<std::string>{kDisk}) << "also at the next start";
  EXPECT_TRUE(driver().detach_volume(kDisk, kA));
  EXPECT_TRUE(driver().remove_volume(kDisk));
}

// The guest of one sector knows nothing of disks that leave.
TEST_F(LibvirtReal, ADiskThatTheGuestKeepsIsNotReportedAsDetached) {
  ASSERT_TRUE(driver().create_volume(disk()));
  run_machine();
  ASSERT_TRUE(driver().attach_volume(kDisk, kA));
  const auto kept = driver().detach_volume(kDisk, kA);
  if (!kept) {
    EXPECT_EQ(kept.error().code, Code::Conflict);
    EXPECT_EQ((*driver().observe_volume(kDisk))->attached_to, std::vector<std::string>{kA});
  } else {
    EXPECT_TRUE((*driver().observe_volume(kDisk))->attached_to.empty());
  }
}

TEST_F(LibvirtReal, AVolumeThatSomebodyElseUsesIsNotRemoved) {
  ASSERT_TRUE(driver().create_volume(disk()));
  const std::string xml =
      "<domain type='qemu'><name>theirs</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>"
      "<os><type>hvm</type></os><devices><disk type='volume'><source pool='charter' volume='" +
      volume_file() + "'/><target dev='vda' bus='virtio'/></disk></devices></domain>";
  const libvirt::Domain theirs(virDomainDefineXML(bench_.hands(), xml.c_str()));
  ASSERT_TRUE(theirs);
  EXPECT_EQ(driver().remove_volume(kDisk).error().code, Code::Conflict);
  EXPECT_NE(volume_file(), "");
}

TEST_F(LibvirtReal, WipingOverwritesWhatTheFileHas) {
  bench_.settings.replace(bench_.settings.find("\"uri\""), 0, "\"wipe\":\"Zero\",");
  const auto wiping = bench_.open();
  EXPECT_TRUE(wiping->look()->version.ends_with(
      "; volumes are overwritten with zeros before they are deleted"));
  EXPECT_TRUE(
      driver().look()->version.ends_with("; volumes are deleted without being overwritten"));
  ASSERT_TRUE(wiping->create_volume(disk()));
  const std::string file = path(volume_file()), witness = path("witness");
  std::ofstream(file, std::ios::app) << std::string(100'000, 's');
  std::filesystem::create_hard_link(file, witness);  // the same bytes by another name
  ASSERT_TRUE(wiping->remove_volume(kDisk));
  EXPECT_FALSE(std::filesystem::exists(file));
  std::ifstream left(witness);
  const std::string bytes{std::istreambuf_iterator<char>(left), {}};
  EXPECT_GT(bytes.size(), 100'000u);
  EXPECT_EQ(bytes.find_first_not_of('\0'), std::string::npos);
}

TEST_F(LibvirtReal, AKilledQemuIsSeenAsCrashedAndStartsAgain) {
  run_machine();
  std::ifstream pid_file(bench_.daemon().directory() + "/host/run/qemu/" +
                         libvirt::domain_name(kA) + ".pid");
  pid_t pid = 0;
  ASSERT_TRUE(pid_file >> pid);
  std::promise<void> hinted;
  std::once_flag once;
  driver().on_hint([&](const std::string& uid) {
    if (uid == kA) std::call_once(once, [&] { hinted.set_value(); });
  });
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(hinted.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready)
      << "an event hints at it";
  driver().on_hint({});
  EXPECT_EQ(observed().power, PowerState::Crashed);
  ASSERT_TRUE(driver().set_power(kA, PowerState::On));
  bench_.settle();
  EXPECT_EQ(observed().power, PowerState::On);
}

TEST_F(LibvirtReal, AKilledDaemonIsFoundAgainWithItsGuestsAsTheyWere) {
  run_machine();
  const MachineState before = observed();
  bench_.daemon().order("kill");
  const auto meanwhile = driver().observe(kA);
  ASSERT_FALSE(meanwhile) << "nothing may be concluded";
  EXPECT_EQ(meanwhile.error().code, Code::ServiceUnavailable);
  EXPECT_FALSE(driver().look());
  bench_.daemon().order("start");
  EXPECT_EQ(observed().power, PowerState::On);
  EXPECT_EQ(observed().booted_at_s, before.booted_at_s);
  EXPECT_TRUE(driver().create(bench_.spec(kA)));
  EXPECT_EQ(driver().look()->machines.size(), 1u);
}

TEST_F(LibvirtReal, AStoppedDaemonCostsItsCallersTheirDeadlineAndNoMore) {
  libvirt::CallPool calls({bench_.daemon().uri(), {}});
  const auto ask = [&](Duration deadline) {
    return calls.call<int>(deadline, [](virConnectPtr connection) -> Result<int> {
      return virConnectNumOfDomains(connection);
    });
  };
  ASSERT_TRUE(ask(limits::kLibvirtLookDeadline));
  bench_.daemon().order("stop");
  size_t refused_at_once = 0;
  for (size_t i = 0; i < limits::kLibvirtLostCallsMax + 2; ++i) {
    const auto hung = ask(std::chrono::milliseconds(100));
    ASSERT_FALSE(hung);
    refused_at_once += hung.error().code == Code::ServiceUnavailable;
  }
  EXPECT_EQ(refused_at_once, 2u) << "no more threads than the bound";
  bench_.daemon().order("cont");
  bool answered = false;
  for (int i = 0; i < 300 && !answered; ++i) {
    answered = ask(std::chrono::milliseconds(500)).has_value();
    if (!answered) ::poll(nullptr, 0, 100);  // refused at once, so this is what gives it time
  }
  EXPECT_TRUE(answered) << "calls that hung give their places back";
}

TEST_F(LibvirtReal, AStoppedPoolHidesNothingAndIsStartedAgain) {
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  const libvirt::Pool pool(virStoragePoolLookupByName(bench_.hands(), "charter"));
  ASSERT_EQ(virStoragePoolDestroy(pool.get()), 0);
  const auto hidden = driver().observe_volume(kDisk);
  ASSERT_FALSE(hidden) << "a stopped pool lists nothing, which is no absence";
  EXPECT_EQ(hidden.error().code, Code::ServiceUnavailable);
  EXPECT_TRUE(driver().look()) << "the settings say how the pool is made, so it is ours to start";
  EXPECT_FALSE(observed().incomplete);
}

TEST_F(LibvirtReal, WhatTheHostHasNoRoomForWaits) {
  bench_.settings.replace(bench_.settings.find("\"vcpus\":\"64\""), 12, "\"vcpus\":\"1\"");
  const auto small = bench_.open();
  MachineSpec spec = bench_.spec(kA);
  spec.vcpus = 1000;
  EXPECT_EQ(small->create(spec).error().reason, "Infeasible");
  virNodeInfo node{};
  ASSERT_EQ(virNodeGetInfo(bench_.hands(), &node), 0);
  spec.vcpus = static_cast<int>(node.cpus);
  ASSERT_TRUE(small->create(spec));
  spec.uid = "0f3c1c4e-53a1-4c8e-9d50-000000000002";
  EXPECT_EQ(small->create(spec).error().reason, "WaitForCapacity");
}

TEST_F(LibvirtReal, AnImageThatIsNotThereIsWaitedForAndNothingIsMade) {
  MachineSpec spec = bench_.spec(kA);
  spec.image_digest = "sha256:" + std::string(64, 'b');
  EXPECT_EQ(driver().create(spec).error().reason, "ImageNotReady");
  spec = bench_.spec(kA);
  spec.image_format = "qcow2";
  EXPECT_EQ(driver().create(spec).error().code, Code::Invalid) << "its bytes are raw";
  spec = bench_.spec(kA);
  spec.disk_bytes = 512;
  EXPECT_EQ(driver().create(spec).error().reason, "Infeasible") << "smaller than the image";
  spec = bench_.spec(kA);
  spec.networks = {"nowhere"};
  EXPECT_EQ(driver().create(spec).error().reason, "Infeasible");
  EXPECT_EQ(files(), std::set<std::string>());
}

TEST_F(LibvirtReal, KvmIsBelievedOnlyAfterAGuestHasRunOnIt) {
  bench_.settings.replace(bench_.settings.find("\"TCG\""), 5, "\"Auto\"");
  const auto chosen = bench_.open();
  const auto inventory = chosen->look();
  ASSERT_TRUE(inventory);
  const bool kvm = inventory->version.find(", KVM by test") != std::string::npos;
  EXPECT_TRUE(kvm || inventory->version.find(", TCG: ") != std::string::npos) << inventory->version;
  EXPECT_EQ(files("charter-selftest."), std::set<std::string>());
  EXPECT_EQ(virConnectNumOfDomains(bench_.hands()), 0);
  ASSERT_TRUE(chosen->create(bench_.spec(kA)));
  EXPECT_NE(definition().find(kvm ? "type='kvm'" : "type='qemu'"), std::string::npos);
}

}  // namespace
}  // namespace charter
