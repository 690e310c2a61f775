#include "controller/base/limits.h"
#include "tests/store/store_fixture.h"
#include "tests/support/fault_vfs.h"

#include <map>
#include <optional>
#include <set>

// The store on a disk that fails, fills up, or loses power. Every acknowledged write must be there
// afterwards.
namespace charter::testing {
namespace {

// Commits creates, updates and deletions, enough for several checkpoints' worth of nothing special
// and one compaction, and remembers what was acknowledged: the newest acknowledged version of each
// name, 0 for deleted.
class Scenario {
 public:
  explicit Scenario(FaultVfs& vfs) : vfs_(vfs) {}

  StoreOptions options() {
    StoreOptions options = inline_options(dir_.path());
    options.vfs = vfs_.name();
    options.fatal = [this](int code) { fatal_codes_.push_back(code); };
    return options;
  }

  // Stops at the first write that is not acknowledged.
  void run(Store& store) {
    for (int i = 0; i < kSteps; ++i) {
      const ObjectName name{"n", "x" + std::to_string(i % 7)};
      const ObjectPtr current = store.get(kBucket, name);
      Write write = !current     ? create(name, std::to_string(i))
                    : i % 5 == 0 ? removal(current)
                                 : update(current, std::to_string(i));
      const bool deletes = write.op == Write::Op::Delete;
      const auto result = store.commit(std::move(write));
      if (!result) {
        error_ = result.error();
        unsure_ = name;
        return;
      }
      acked_[name] = deletes ? 0 : result->object->header().version;
      if (i == kSteps / 2) store.compact(store.revision() - 5);
    }
  }

  // Reopens on a good disk and compares.
  void check_acknowledged() {
    StoreOptions good = inline_options(dir_.path());
    auto store = must_open(good);
    for (const auto& [name, version] : acked_) {
      // The write in flight at the fault was not acknowledged: it may be there or not.
      if (unsure_ == name) continue;
      const ObjectPtr object = store->get(kBucket, name);
      ASSERT_EQ(object ? object->header().version : 0, version) << to_string(name);
    }
    must_commit(*store, create({"n", "after"}, "works again"));
    store.reset();
    const auto findings = verify_store(dir_.path());
    ASSERT_TRUE(findings);
    EXPECT_TRUE(findings->empty());
  }

  const std::vector<int>& fatal_codes() const { return fatal_codes_; }
  const std::optional<Error>& error() const { return error_; }
  bool completed() const { return !error_; }
  const std::string& dir() const { return dir_.path(); }

 private:
  static constexpr int kSteps = 40;
  FaultVfs& vfs_;
  TempDir dir_;
  std::map<ObjectName, int64_t> acked_;
  std::optional<ObjectName> unsure_;
  std::optional<Error> error_;
  std::vector<int> fatal_codes_;
};

// Opens, runs and stops under a fault planned after the open. True when the fault did not happen
// any more.
bool run_with_fault(FaultVfs& vfs, Scenario& scenario, const std::function<void()>& plan) {
  auto store = must_open(scenario.options());
  plan();
  scenario.run(*store);
  store->stop();
  const bool fired = vfs.fired();
  store.reset();
  return !fired;
}

TEST(Faults, Any_failed_sync_ends_the_store_and_loses_nothing_acknowledged) {
  bool passed = false;
  int64_t n = 1;
  for (; !passed; ++n) {
    ASSERT_LT(n, 500);
    SCOPED_TRACE(n);
    FaultVfs vfs;
    Scenario scenario(vfs);
    passed = run_with_fault(
        vfs, scenario, [&] { vfs.fail_nth(FaultVfs::Call::Sync, n, FaultVfs::Fault::IoError); });
    EXPECT_EQ(scenario.fatal_codes(),
              passed ? std::vector<int>{} : std::vector<int>{limits::kExitStoreFailed});
    scenario.check_acknowledged();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(n, 40) << "each of the scenario's commits syncs";
}

TEST(Faults, Any_failed_write_ends_the_store_and_loses_nothing_acknowledged) {
  bool passed = false;
  for (int64_t n = 1; !passed; ++n) {
    ASSERT_LT(n, 2'000);
    SCOPED_TRACE(n);
    FaultVfs vfs;
    Scenario scenario(vfs);
    passed = run_with_fault(
        vfs, scenario, [&] { vfs.fail_nth(FaultVfs::Call::Write, n, FaultVfs::Fault::IoError); });
    EXPECT_EQ(scenario.fatal_codes().size(), passed ? 0u : 1u);
    scenario.check_acknowledged();
    if (HasFatalFailure()) return;
  }
}

TEST(Faults, A_power_cut_at_any_sync_loses_nothing_acknowledged) {
  for (const FaultVfs::Loss loss : {FaultVfs::Loss::All, FaultVfs::Loss::Torn}) {
    bool passed = false;
    for (int64_t n = 1; !passed; ++n) {
      ASSERT_LT(n, 500);
      SCOPED_TRACE(n);
      FaultVfs vfs;
      Scenario scenario(vfs);
      passed = run_with_fault(vfs, scenario,
                              [&] { vfs.cut_power_at_sync(n, loss, static_cast<uint64_t>(n)); });
      scenario.check_acknowledged();
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Faults, A_power_cut_during_creation_leaves_a_directory_that_opens) {
  bool passed = false;
  for (int64_t n = 1; !passed; ++n) {
    ASSERT_LT(n, 100);
    SCOPED_TRACE(n);
    FaultVfs vfs;
    Scenario scenario(vfs);
    vfs.cut_power_at_sync(n, FaultVfs::Loss::All, 0);
    auto store = Store::open(scenario.options());
    passed = !vfs.fired();
    if (store) store->reset();
    scenario.check_acknowledged();
    if (HasFatalFailure()) return;
  }
}

TEST(Faults, The_shim_does_lose_unsynced_writes) {
  // Guards the tests above: a commit that is not synced must be lost by the same shim.
  FaultVfs vfs;
  Scenario scenario(vfs);
  auto store = must_open(scenario.options());
  must_commit(*store, create({"n", "kept"}, "1"));
  vfs.cut_power_at_sync(1, FaultVfs::Loss::All, 0);
  EXPECT_FALSE(store->commit(create({"n", "lost"}, "1")));
  store.reset();
  store = must_open(inline_options(scenario.dir()));
  EXPECT_NE(store->get(kBucket, {"n", "kept"}), nullptr);
  EXPECT_EQ(store->get(kBucket, {"n", "lost"}), nullptr);
}

TEST(Faults, After_a_failed_sync_nobody_is_acknowledged_any_more) {
  FaultVfs vfs;
  Scenario scenario(vfs);
  auto store = must_open(scenario.options());
  vfs.fail_nth(FaultVfs::Call::Sync, 1, FaultVfs::Fault::IoError);
  for (int i = 0; i < 3; ++i) {
    const auto result = store->commit(create({"n", "x" + std::to_string(i)}, "1"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::ServiceUnavailable);
  }
  EXPECT_EQ(scenario.fatal_codes(), std::vector<int>{limits::kExitStoreFailed}) << "once";
  EXPECT_EQ(store->revision(), 0);
  EXPECT_EQ(store->count(kBucket), 0u);
}

TEST(Faults, Without_a_handler_a_failed_sync_ends_the_process_with_its_own_code) {
  EXPECT_EXIT(
      {
        FaultVfs vfs;
        const TempDir dir;
        StoreOptions options = inline_options(dir.path());
        options.vfs = vfs.name();
        auto store = must_open(options);
        vfs.fail_nth(FaultVfs::Call::Sync, 1, FaultVfs::Fault::IoError);
        (void)store->commit(create({"n", "a"}, "1"));
      },
      ::testing::ExitedWithCode(74), "");
}

TEST(Faults, A_full_disk_rejects_the_group_with_507_and_the_store_recovers_when_space_is_free) {
  FaultVfs vfs;
  Scenario scenario(vfs);
  auto store = must_open(scenario.options());
  must_commit(*store, create({"n", "a"}, "1"));
  vfs.fail_nth(FaultVfs::Call::Write, 1, FaultVfs::Fault::DiskFull);
  const auto result = store->commit(create({"n", "b"}, "1"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::InsufficientStorage);
  EXPECT_EQ(store->revision(), 1);
  EXPECT_EQ(store->get(kBucket, {"n", "b"}), nullptr);
  EXPECT_EQ(must_commit(*store, create({"n", "b"}, "2"))->header().version, 2);
  EXPECT_TRUE(scenario.fatal_codes().empty());
  store.reset();
  EXPECT_EQ(describe(must_open(inline_options(scenario.dir()))->list(kBucket, {})->objects),
            (std::vector<std::string>{"n/a=1@1", "n/b=2@2"}));
}

TEST(Faults, On_a_disk_that_stays_full_reads_and_deletions_work_until_space_returns) {
  FaultVfs vfs;
  Scenario scenario(vfs);
  auto store = must_open(scenario.options());
  constexpr size_t kLarge = 256 * 1024;
  const auto put = [&](int i) {
    const ObjectName name{"n", "x" + std::to_string(i)};
    Write write = create(name, "v");
    write.object = thing(name, "v", kLarge);
    return store->commit(write);
  };
  for (int i = 0; i < 120; ++i)
    ASSERT_TRUE(put(i));
  // Growing is over: the reserve for deletions is there.
  EXPECT_GE(std::filesystem::file_size(scenario.dir() + "/charter.db-wal"),
            limits::kWalPreallocateBytes);
  vfs.fill_disk();
  int made = 120;
  std::optional<Error> refused;
  for (; made < 1'000 && !refused; ++made) {
    if (const auto result = put(made); !result) refused = result.error();
  }
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Code::InsufficientStorage);
  EXPECT_NE(store->get(kBucket, {"n", "x0"}), nullptr);
  for (int i = 0; i < 10; ++i) {
    const auto gone = store->commit(removal(store->get(kBucket, {"n", "x" + std::to_string(i)})));
    EXPECT_TRUE(gone) << gone.error().message << " made " << made << " wal "
                      << std::filesystem::file_size(scenario.dir() + "/charter.db-wal");
  }
  vfs.free_disk();
  Result<Committed> again = put(5'000);
  if (!again)
    again =
        put(5'000);  // the first one after space returned may still find the WAL kept for deletions
  EXPECT_TRUE(again);
  EXPECT_TRUE(scenario.fatal_codes().empty());
  const auto before = describe(store->list(kBucket, {})->objects);
  store.reset();
  EXPECT_EQ(describe(must_open(inline_options(scenario.dir()))->list(kBucket, {})->objects),
            before);
  EXPECT_TRUE(verify_store(scenario.dir())->empty());
}

TEST(Faults, An_idle_store_writes_and_syncs_nothing) {
  FaultVfs vfs;
  Scenario scenario(vfs);
  StoreOptions options = scenario.options();
  options.mode = WriterMode::Thread;
  auto store = must_open(options);
  scenario.run(*store);
  // A write in the middle of the thread's upkeep comes back only when that is over.
  must_commit(*store, create({"n", "last"}, "1"));
  (void)store->commit(removal(thing({"n", "none"}, "")));
  const int64_t writes = vfs.writes(), syncs = vfs.syncs();
  for (int i = 0; i < 1'000; ++i) {
    (void)store->list(kBucket, {});
    (void)store->events(kBucket, store->compacted(), 10);
    // Refused writes cost nothing either.
    (void)store->commit(create({"n", "last"}, "1"));
  }
  EXPECT_EQ(vfs.writes(), writes);
  EXPECT_EQ(vfs.syncs(), syncs);
}

TEST(Faults, Opening_an_existing_store_and_reading_it_writes_nothing) {
  FaultVfs vfs;
  Scenario scenario(vfs);
  {
    auto store = must_open(scenario.options());
    scenario.run(*store);
  }
  const int64_t writes = vfs.writes(), syncs = vfs.syncs();
  auto store = must_open(scenario.options());
  EXPECT_GT(store->list(kBucket, {})->objects.size(), 0u);
  store.reset();
  EXPECT_EQ(vfs.writes(), writes);
  EXPECT_EQ(vfs.syncs(), syncs);
}

}  // namespace
}  // namespace charter::testing
