#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/stamp.h"
#include "drivers/libvirt/statistics.h"
#include "tests/drivers/libvirt_real.h"

#include <libvirt/libvirt.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

// What guests consume: counted once, by a connection that nobody else waits for.
namespace charter {
namespace {

/// The counters of one machine.
std::optional<MachineCounters> counted(ProviderDriver& driver, const std::string& uid) {
  const auto all = driver.counters();
  EXPECT_TRUE(all) << all.error().message;
  if (!all) return std::nullopt;
  const auto found =
      std::find_if(all->begin(), all->end(), [&](const auto& one) { return one.uid == uid; });
  return found == all->end() ? std::nullopt : std::optional(*found);
}

class LibvirtStatistics : public LibvirtReal {
 protected:
  void run(const std::string& uid) {
    ASSERT_TRUE(driver().create(bench_.spec(uid)));
    ASSERT_TRUE(driver().set_power(uid, PowerState::On));
  }
  pid_t qemu_of(const std::string& uid) {
    std::ifstream file(bench_.daemon().directory() + "/host/run/qemu/" + libvirt::domain_name(uid) +
                       ".pid");
    pid_t pid = 0;
    file >> pid;
    return pid;
  }
};

TEST_F(LibvirtStatistics, WhatTheHostCountsIsToldAndWhatItDoesNotIsNot) {
  run_machine();
  const auto counters = counted(driver(), kA);
  ASSERT_TRUE(counters);
  EXPECT_GT(counters->cpu_ns.value_or(0), 0);
  EXPECT_GE(counters->read_bytes.value_or(0), 512) << "it has read its boot sector";
  EXPECT_TRUE(counters->written_bytes);
  EXPECT_FALSE(counters->received_bytes) << "user mode is not counted";
  EXPECT_FALSE(counters->page_faults);
}

TEST_F(LibvirtStatistics, AGuestThatHangsCostsItsOwnValuesAndOneDeadlineAndNothingElse) {
  run(kA);
  run(kB);
  bench_.settle();
  const auto before = counted(driver(), kA);
  ASSERT_TRUE(before);
  const pid_t hanging = qemu_of(kB);
  ASSERT_GT(hanging, 1);
  ASSERT_EQ(::kill(hanging, SIGSTOP), 0);
  const auto begun = std::chrono::steady_clock::now();
  const auto first = driver().counters();
  if (!first) {
    EXPECT_EQ(first.error().code, Code::Timeout);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, limits::kStatisticsDeadline * 2);
  EXPECT_TRUE(driver().observe(kA)) << "no other call waits for it";
  EXPECT_TRUE(driver().look());
  std::optional<MachineCounters> after;
  for (size_t i = 0; i < limits::kStatisticsLostMax && !after; ++i) {
    const auto all = driver().counters();
    if (all && !all->empty()) after = all->front();
  }
  ASSERT_TRUE(after) << "the others are counted though it still hangs";
  EXPECT_EQ(after->uid, kA);
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_GE(after->cpu_ns.value_or(0), before->cpu_ns.value_or(0));
  ASSERT_EQ(::kill(hanging, SIGCONT), 0);
  EXPECT_TRUE(counted(driver(), kB));
}

TEST_F(LibvirtStatistics, ADiskThatLeavesTakesNothingOfTheSumWithIt) {
  using libvirt::Detached;
  const Detached none;
  EXPECT_EQ(none.total({"vda"}), (libvirt::Transferred{}));
  const Detached leaving{.gone = {1, 2}, .leaving = "vdb", .by_leaving = {10, 20}};
  EXPECT_EQ(leaving.total({"vda", "vdb"}), (libvirt::Transferred{1, 2}))
      << "it still counts itself";
  EXPECT_EQ(leaving.total({"vda"}), (libvirt::Transferred{11, 22}));

  ASSERT_TRUE(driver().create_volume(disk()));
  run_machine();
  ASSERT_TRUE(driver().attach_volume(kDisk, kA));
  libvirt::note_leaving(
      domain().get(), {.disks = {{"charter", "boot", "vda"}, {"charter", "volume", "vdb"}}}, "vdb");
  const auto before = counted(driver(), kA);
  ASSERT_TRUE(before);
  ASSERT_EQ(virDomainSetMetadata(domain().get(), VIR_DOMAIN_METADATA_ELEMENT,
                                 libvirt::detached_element(
                                     {.gone = {1000, 2000}, .leaving = "vdb", .by_leaving = {7, 9}})
                                     .c_str(),
                                 "charter-detached", libvirt::kDetachedUri, VIR_DOMAIN_AFFECT_LIVE),
            0);
  const auto other = bench_.reconnect();  // has read nothing of this run before
  const auto after = counted(*other, kA);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_EQ(after->read_bytes.value_or(0), before->read_bytes.value_or(0) + 1000);
  EXPECT_EQ(after->written_bytes.value_or(0), before->written_bytes.value_or(0) + 2000);
}

TEST_F(LibvirtStatistics, CostsMillisecondsForEachGuest) {
  constexpr int kGuests = 3;  // hack/bench.sh --libvirt has more
  for (int i = 0; i < kGuests; ++i) {
    char uid[37];
    std::snprintf(uid, sizeof uid, "0f3c1c4e-53a1-4c8e-9d50-%012d", 100 + i);
    run(uid);
  }
  bench_.settle();
  std::vector<double> took;
  for (int i = 0; i < 20; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const auto all = driver().counters();
    took.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
            .count());
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), size_t{kGuests});
  }
  std::sort(took.begin(), took.end());
  std::cout << "counters of " << kGuests << " guests: " << took[took.size() / 2] << " ms, "
            << took[took.size() / 2] / kGuests << " ms each\n";
}

}  // namespace
}  // namespace charter
