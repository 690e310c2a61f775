#include "tests/drivers/driver_contract.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace charter {

void DriverContract::run_machine(const MachineSpec& spec) {
  ASSERT_TRUE(driver().create(spec));
  ASSERT_TRUE(driver().set_power(spec.uid, PowerState::On));
  bench_->settle();
}

MachineState DriverContract::observed(const std::string& uid) {
  const auto state = driver().observe(uid);
  EXPECT_TRUE(state && *state) << uid;
  return state && *state ? **state : MachineState{};
}

VolumeState DriverContract::observed_volume(const std::string& uid) {
  const auto state = driver().observe_volume(uid);
  EXPECT_TRUE(state && *state) << uid;
  return state && *state ? **state : VolumeState{};
}

size_t DriverContract::count(const std::string& uid) {
  const auto inventory = driver().look();
  EXPECT_TRUE(inventory);
  if (!inventory) return 0;
  return static_cast<size_t>(std::count_if(inventory->machines.begin(), inventory->machines.end(),
                                           [&](const MachineState& m) { return m.uid == uid; }));
}

std::optional<MachineCounters> DriverContract::counted(const std::string& uid) {
  const auto all = driver().counters();
  EXPECT_TRUE(all) << all.error().message;
  if (!all) return std::nullopt;
  const auto found = std::find_if(all->begin(), all->end(),
                                  [&](const MachineCounters& one) { return one.uid == uid; });
  return found == all->end() ? std::nullopt : std::optional(*found);
}

namespace {

/// All values, those that are not counted as -1.
std::vector<int64_t> values_of(const MachineCounters& counters) {
  std::vector<int64_t> values;
  for (const auto& value : {counters.cpu_ns, counters.page_faults, counters.read_bytes,
                            counters.written_bytes, counters.received_bytes, counters.sent_bytes})
    values.push_back(value.value_or(-1));
  return values;
}

constexpr int64_t kVolumeBytes = 64 << 20;

Code code_of(const Status& status) {
  return status ? Code::InternalError : status.error().code;
}

TEST_P(DriverContract, ObserveOfAnUnknownMachineSaysAbsent) {
  const auto state = driver().observe(a_);
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
  const auto volume = driver().observe_volume(disk_);
  ASSERT_TRUE(volume);
  EXPECT_FALSE(*volume);
}

TEST_P(DriverContract, CreateMakesAMachineThatIsOffAndCarriesOurStamp) {
  const MachineSpec spec = bench_->spec(a_);
  ASSERT_TRUE(driver().create(spec));
  const MachineState state = observed(a_);
  EXPECT_EQ(state.uid, a_);
  EXPECT_EQ(state.owner, a_);
  EXPECT_EQ(state.power, PowerState::Off);
  EXPECT_EQ(state.vcpus, spec.vcpus);
  EXPECT_EQ(state.memory_bytes, spec.memory_bytes);
  EXPECT_EQ(state.disk_bytes, spec.disk_bytes);
  EXPECT_EQ(state.image_digest, spec.image_digest);
  EXPECT_EQ(state.booted_at_s, 0);
  EXPECT_FALSE(state.external_id.empty());
  EXPECT_FALSE(state.host.empty());
}

TEST_P(DriverContract, CreatingTwiceMakesOneMachine) {
  const MachineSpec spec = bench_->spec(a_);
  ASSERT_TRUE(driver().create(spec));
  const std::string id = observed(a_).external_id;
  EXPECT_TRUE(driver().create(spec));
  EXPECT_EQ(observed(a_).external_id, id);
  EXPECT_EQ(count(a_), 1u);
}

TEST_P(DriverContract, CreatingFromManyThreadsMakesOneMachine) {
  const MachineSpec spec = bench_->spec(a_);
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i)
    workers.emplace_back([&] { EXPECT_TRUE(driver().create(spec)); });
  for (std::thread& worker : workers)
    worker.join();
  EXPECT_EQ(count(a_), 1u);
}

TEST_P(DriverContract, CreatingAnotherSpecUnderTheSameUidIsAConflict) {
  MachineSpec spec = bench_->spec(a_);
  ASSERT_TRUE(driver().create(spec));
  spec.vcpus += 1;
  EXPECT_EQ(code_of(driver().create(spec)), Code::Conflict);
  EXPECT_EQ(observed(a_).vcpus, spec.vcpus - 1);
  spec = bench_->spec(a_);
  spec.user_data += "#changed";
  EXPECT_EQ(code_of(driver().create(spec)), Code::Conflict);
}

TEST_P(DriverContract, DiskClassNetworksAndProtectionAreMadeAsAskedFor) {
  const MachineSpec spec = bench_->spec(a_);
  ASSERT_TRUE(driver().create(spec));
  const MachineState state = observed(a_);
  EXPECT_EQ(state.disk_class, spec.disk_class);
  EXPECT_EQ(state.networks, spec.networks);
  EXPECT_EQ(state.protection, spec.protection);
  VolumeSpec volume{.uid = disk_, .name = "d", .size_bytes = kVolumeBytes};
  volume.storage_class = spec.disk_class;
  volume.protection = spec.protection;
  ASSERT_TRUE(driver().create_volume(volume));
  EXPECT_EQ(observed_volume(disk_).storage_class, volume.storage_class);
  EXPECT_EQ(observed_volume(disk_).protection, volume.protection);
}

TEST_P(DriverContract, WhatTheEndpointCannotProtectIsRefusedAndNotMadeWithLess) {
  MachineSpec spec = bench_->spec(a_);
  spec.protection.encrypted_at_rest = true;
  auto refused = driver().create(spec);
  EXPECT_EQ(code_of(refused), Code::Forbidden);
  EXPECT_EQ(refused.error().reason, "EncryptionNotPossible");
  spec.protection = {.tenant = "ns", .tenancy = Tenancy::DedicatedHost};
  refused = driver().create(spec);
  EXPECT_EQ(code_of(refused), Code::Forbidden);
  EXPECT_EQ(refused.error().reason, "IsolationNotPossible");
  EXPECT_EQ(count(a_), 0u);
  VolumeSpec volume{.uid = disk_, .name = "d", .size_bytes = kVolumeBytes};
  volume.protection.encrypted_at_rest = true;
  refused = driver().create_volume(volume);
  EXPECT_EQ(code_of(refused), Code::Forbidden);
  EXPECT_EQ(refused.error().reason, "EncryptionNotPossible");
  EXPECT_FALSE(*driver().observe_volume(disk_));
}

TEST_P(DriverContract, RefusesASpecWithoutSize) {
  MachineSpec spec = bench_->spec(a_);
  spec.vcpus = 0;
  EXPECT_EQ(code_of(driver().create(spec)), Code::Invalid);
  EXPECT_EQ(count(a_), 0u);
}

TEST_P(DriverContract, AStartedMachineGetsItsImageAnAddressAndABootTime) {
  run_machine(bench_->spec(a_));
  const MachineState state = observed(a_);
  EXPECT_EQ(state.power, PowerState::On);
  EXPECT_TRUE(state.image_deployed);
  EXPECT_FALSE(state.address.empty());
  EXPECT_GT(state.booted_at_s, 0);
}

TEST_P(DriverContract, PowerChangesAreIdempotentAndKeepIdentityDiskAndAddress) {
  run_machine(bench_->spec(a_));
  const MachineState before = observed(a_);
  EXPECT_TRUE(driver().set_power(a_, PowerState::On));
  EXPECT_EQ(observed(a_).booted_at_s, before.booted_at_s) << "a repeated start must not reboot";
  ASSERT_TRUE(driver().set_power(a_, PowerState::Off));
  ASSERT_TRUE(driver().set_power(a_, PowerState::Off));
  bench_->settle();
  EXPECT_EQ(observed(a_).power, PowerState::Off);
  EXPECT_EQ(observed(a_).booted_at_s, 0);
  ASSERT_TRUE(driver().set_power(a_, PowerState::On));
  bench_->settle();
  const MachineState after = observed(a_);
  EXPECT_EQ(after.power, PowerState::On);
  EXPECT_EQ(after.external_id, before.external_id);
  EXPECT_EQ(after.address, before.address);
  EXPECT_EQ(after.disk_bytes, before.disk_bytes);
}

TEST_P(DriverContract, PowerOfAnUnknownMachineIsNotFound) {
  EXPECT_EQ(code_of(driver().set_power(a_, PowerState::On)), Code::NotFound);
  const auto resized = driver().resize(a_, 1, 1 << 30);
  ASSERT_FALSE(resized);
  EXPECT_EQ(resized.error().code, Code::NotFound);
}

TEST_P(DriverContract, OnlyOnAndOffCanBeAskedFor) {
  ASSERT_TRUE(driver().create(bench_->spec(a_)));
  EXPECT_EQ(code_of(driver().set_power(a_, PowerState::Crashed)), Code::Invalid);
}

TEST_P(DriverContract, ResizeOfAMachineThatIsOffAppliesAtOnce) {
  const MachineSpec spec = bench_->spec(a_);
  ASSERT_TRUE(driver().create(spec));
  const auto outcome = driver().resize(a_, spec.vcpus * 2, spec.memory_bytes * 2);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(*outcome, ResizeOutcome::Applied);
  EXPECT_EQ(observed(a_).vcpus, spec.vcpus * 2);
  EXPECT_EQ(observed(a_).memory_bytes, spec.memory_bytes * 2);
}

TEST_P(DriverContract, ResizeOfARunningMachineIsInForceAfterARestartAtTheLatest) {
  const MachineSpec spec = bench_->spec(a_);
  run_machine(spec);
  const auto outcome = driver().resize(a_, spec.vcpus * 2, spec.memory_bytes * 2);
  ASSERT_TRUE(outcome);
  const int now = *outcome == ResizeOutcome::Applied ? spec.vcpus * 2 : spec.vcpus;
  EXPECT_EQ(observed(a_).vcpus, now) << "the state must say what runs, not what is wanted";
  ASSERT_TRUE(driver().set_power(a_, PowerState::Off));
  bench_->settle();
  ASSERT_TRUE(driver().set_power(a_, PowerState::On));
  bench_->settle();
  EXPECT_EQ(observed(a_).vcpus, spec.vcpus * 2);
  EXPECT_EQ(observed(a_).memory_bytes, spec.memory_bytes * 2);
}

TEST_P(DriverContract, RemoveTakesTheMachineAwayAndARepeatSucceeds) {
  run_machine(bench_->spec(a_));
  EXPECT_TRUE(driver().remove(a_));
  EXPECT_TRUE(driver().remove(a_));
  const auto state = driver().observe(a_);
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
}

TEST_P(DriverContract, RemovedRoomIsFreeAgain) {
  const auto before = driver().look();
  ASSERT_TRUE(before);
  run_machine(bench_->spec(a_));
  EXPECT_NE(driver().look()->hosts, before->hosts);
  ASSERT_TRUE(driver().remove(a_));
  EXPECT_EQ(driver().look()->hosts, before->hosts);
}

TEST_P(DriverContract, AMachineThatVanishedIsSeenAsAbsentAndCanBeMadeAgain) {
  run_machine(bench_->spec(a_));
  bench_->vanish(a_);
  const auto state = driver().observe(a_);
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
  EXPECT_TRUE(driver().create(bench_->spec(a_)));
  EXPECT_EQ(count(a_), 1u);
}

TEST_P(DriverContract, AThingWithoutOurStampIsListedAsForeignAndNeverTouched) {
  bench_->add_foreign("theirs", b_);
  const auto before = driver().look();
  ASSERT_TRUE(before);
  EXPECT_EQ(before->foreign, std::vector<std::string>{"theirs"});
  EXPECT_TRUE(before->machines.empty());
  EXPECT_NE(observed(b_).owner, b_);
  EXPECT_EQ(code_of(driver().create(bench_->spec(b_))), Code::Forbidden);
  EXPECT_EQ(code_of(driver().set_power(b_, PowerState::Off)), Code::Forbidden);
  EXPECT_FALSE(driver().resize(b_, 1, 1 << 30));
  EXPECT_EQ(code_of(driver().remove(b_)), Code::Forbidden);
  EXPECT_EQ(observed(b_).power, PowerState::On);
}

TEST_P(DriverContract, ASecondConnectionSeesWhatTheFirstMade) {
  run_machine(bench_->spec(a_));
  const std::shared_ptr<ProviderDriver> again = bench_->reconnect();
  const auto state = again->observe(a_);
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->external_id, observed(a_).external_id);
  EXPECT_TRUE(again->create(bench_->spec(a_)));
  EXPECT_EQ(count(a_), 1u);
}

TEST_P(DriverContract, LookListsMachinesAndVolumesSortedWithTotalsAndFreeRoom) {
  ASSERT_TRUE(driver().create(bench_->spec(b_)));
  ASSERT_TRUE(driver().create(bench_->spec(a_)));
  ASSERT_TRUE(driver().create_volume({.uid = disk_, .name = "d", .size_bytes = kVolumeBytes}));
  const auto inventory = driver().look();
  ASSERT_TRUE(inventory);
  ASSERT_EQ(inventory->machines.size(), 2u);
  EXPECT_EQ(inventory->machines[0].uid, a_);
  EXPECT_EQ(inventory->machines[1].uid, b_);
  ASSERT_EQ(inventory->volumes.size(), 1u);
  EXPECT_EQ(inventory->volumes[0].uid, disk_);
  EXPECT_FALSE(inventory->version.empty());
  ASSERT_FALSE(inventory->hosts.empty());
  int64_t used = 0;
  for (const Inventory::Host& host : inventory->hosts)
    used += host.total.vcpus - host.free.vcpus;
  EXPECT_EQ(used, 2 * bench_->spec(a_).vcpus);
}

TEST_P(DriverContract, VolumesAreIdempotentByUidAndGrowButNeverShrink) {
  const VolumeSpec spec{.uid = disk_, .name = "d", .size_bytes = kVolumeBytes};
  ASSERT_TRUE(driver().create_volume(spec));
  EXPECT_TRUE(driver().create_volume(spec));
  EXPECT_EQ(driver().look()->volumes.size(), 1u);
  if (bench_->grows_volumes()) {
    EXPECT_TRUE(driver().grow_volume(disk_, 2 * kVolumeBytes));
    EXPECT_TRUE(driver().grow_volume(disk_, 2 * kVolumeBytes));
    EXPECT_EQ(observed_volume(disk_).size_bytes, 2 * kVolumeBytes);
  } else {
    EXPECT_EQ(code_of(driver().grow_volume(disk_, 2 * kVolumeBytes)), Code::Invalid);
    EXPECT_EQ(observed_volume(disk_).size_bytes, kVolumeBytes);
  }
  EXPECT_EQ(code_of(driver().grow_volume(disk_, kVolumeBytes / 2)), Code::Invalid);
  EXPECT_EQ(code_of(driver().grow_volume(a_, kVolumeBytes)), Code::NotFound);
  VolumeSpec other = spec;
  other.size_bytes = 4 * kVolumeBytes;
  EXPECT_EQ(code_of(driver().create_volume(other)), Code::Conflict);
  EXPECT_TRUE(driver().remove_volume(disk_));
  EXPECT_TRUE(driver().remove_volume(disk_));
  EXPECT_FALSE(*driver().observe_volume(disk_));
}

TEST_P(DriverContract, AVolumeThatIsNotSharedBelongsToOneMachine) {
  ASSERT_TRUE(driver().create(bench_->spec(a_)));
  ASSERT_TRUE(driver().create(bench_->spec(b_)));
  ASSERT_TRUE(driver().create_volume({.uid = disk_, .name = "d", .size_bytes = kVolumeBytes}));
  EXPECT_TRUE(driver().attach_volume(disk_, a_));
  EXPECT_TRUE(driver().attach_volume(disk_, a_));
  EXPECT_EQ(observed(a_).volume_uids, std::vector<std::string>{disk_});
  EXPECT_EQ(observed_volume(disk_).attached_to, std::vector<std::string>{a_});
  EXPECT_EQ(code_of(driver().attach_volume(disk_, b_)), Code::Conflict);
  EXPECT_EQ(code_of(driver().remove_volume(disk_)), Code::Conflict);
  EXPECT_TRUE(driver().detach_volume(disk_, a_));
  EXPECT_TRUE(driver().detach_volume(disk_, a_));
  EXPECT_TRUE(driver().attach_volume(disk_, b_));
}

TEST_P(DriverContract, ASharedVolumeIsAttachedToSeveral) {
  ASSERT_TRUE(driver().create(bench_->spec(b_)));
  ASSERT_TRUE(driver().create(bench_->spec(a_)));
  const VolumeSpec spec{.uid = disk_, .name = "d", .size_bytes = kVolumeBytes, .shared = true};
  ASSERT_TRUE(driver().create_volume(spec));
  EXPECT_TRUE(driver().attach_volume(disk_, b_));
  EXPECT_TRUE(driver().attach_volume(disk_, a_));
  EXPECT_EQ(observed_volume(disk_).attached_to, (std::vector<std::string>{a_, b_}));
}

TEST_P(DriverContract, AttachingWhatIsNotThereIsNotFound) {
  ASSERT_TRUE(driver().create(bench_->spec(a_)));
  EXPECT_EQ(code_of(driver().attach_volume(disk_, a_)), Code::NotFound);
  ASSERT_TRUE(driver().create_volume({.uid = disk_, .name = "d", .size_bytes = kVolumeBytes}));
  EXPECT_EQ(code_of(driver().attach_volume(disk_, b_)), Code::NotFound);
}

TEST_P(DriverContract, AMachineMadeWithAMissingVolumeIsNotMadeAtAll) {
  MachineSpec spec = bench_->spec(a_);
  spec.volume_uids = {disk_};
  EXPECT_EQ(code_of(driver().create(spec)), Code::NotFound);
  EXPECT_EQ(count(a_), 0u);
}

TEST_P(DriverContract, RemovingAMachineDetachesItsVolumesAndKeepsThem) {
  ASSERT_TRUE(driver().create_volume({.uid = disk_, .name = "d", .size_bytes = kVolumeBytes}));
  MachineSpec spec = bench_->spec(a_);
  spec.volume_uids = {disk_};
  ASSERT_TRUE(driver().create(spec));
  EXPECT_EQ(observed(a_).volume_uids, spec.volume_uids);
  ASSERT_TRUE(driver().remove(a_));
  EXPECT_TRUE(observed_volume(disk_).attached_to.empty());
}

TEST_P(DriverContract, AnEndpointThatCountsNothingSaysSo) {
  if (bench_->counts_consumption()) GTEST_SKIP() << "it counts";
  const auto counters = driver().counters();
  ASSERT_FALSE(counters);
  EXPECT_EQ(counters.error().code, Code::MethodNotAllowed);
  EXPECT_EQ(counters.error().reason, "NotMetered");
}

TEST_P(DriverContract, ConsumptionOnlyGrowsWhileAMachineRuns) {
  if (!bench_->counts_consumption()) GTEST_SKIP() << "it counts nothing";
  run_machine(bench_->spec(a_));
  const auto first = counted(a_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->cpu_ns) << "every host counts processor time";
  bench_->settle();
  const auto second = counted(a_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->epoch, first->epoch);
  const auto before = values_of(*first), after = values_of(*second);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_GE(after[i], before[i]) << "value " << i;
    EXPECT_EQ(after[i] < 0, before[i] < 0) << "what is counted does not change, value " << i;
  }
  const auto again = bench_->reconnect()->counters();
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), 1u);
  EXPECT_EQ(again->front().epoch, first->epoch) << "another connection is no other epoch";
  EXPECT_GE(again->front().cpu_ns, second->cpu_ns);
}

TEST_P(DriverContract, ConsumptionOfAnotherStartIsOfAnotherEpoch) {
  if (!bench_->counts_consumption()) GTEST_SKIP() << "it counts nothing";
  run_machine(bench_->spec(a_));
  const auto first = counted(a_);
  ASSERT_TRUE(first);
  ASSERT_FALSE(first->epoch.empty());
  ASSERT_TRUE(driver().set_power(a_, PowerState::Off));
  bench_->settle();
  if (const auto off = counted(a_)) {
    EXPECT_EQ(off->epoch, first->epoch) << "what is off tells of what it was";
    EXPECT_GE(off->cpu_ns, first->cpu_ns);
  }
  ASSERT_TRUE(driver().set_power(a_, PowerState::On));
  bench_->settle();
  const auto second = counted(a_);
  ASSERT_TRUE(second);
  EXPECT_NE(second->epoch, first->epoch);
}

TEST_P(DriverContract, ConsumptionIsListedByUidOfWhatCarriesOurStamp) {
  if (!bench_->counts_consumption()) GTEST_SKIP() << "it counts nothing";
  run_machine(bench_->spec(b_));
  run_machine(bench_->spec(a_));
  const std::string theirs = "0f3c1c4e-53a1-4c8e-9d50-000000000003";
  bench_->add_foreign("theirs", theirs);
  const auto counters = driver().counters();
  ASSERT_TRUE(counters);
  ASSERT_EQ(counters->size(), 2u);
  EXPECT_EQ((*counters)[0].uid, a_);
  EXPECT_EQ((*counters)[1].uid, b_);
  ASSERT_TRUE(driver().remove(a_));
  EXPECT_FALSE(counted(a_));
}

}  // namespace
}  // namespace charter
