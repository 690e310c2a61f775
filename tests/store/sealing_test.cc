#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/keys/ring_sealer.h"
#include "controller/store/reseal.h"
#include "controller/store/sqlite_log.h"
#include "tests/store/store_fixture.h"
#include "tests/support/fault_vfs.h"

#include <sqlite3.h>

#include <fstream>

// Encryption at rest: what is on the disk, after writes, migration, rotation, faults and forgery.
namespace charter::testing {
namespace {

const std::string kSecrets = "/secrets";
// Every value of a sealed object in these tests has it, and nothing else.
const std::string kMark = "hunter-two-";

std::shared_ptr<const RingSealer> sealer_of(const std::string& keys) {
  std::string text;
  for (const char key : keys)
    text += encode_base64(std::string(32, key)) + "\n";
  return std::make_shared<const RingSealer>(*KeyRing::parse(text, "the-key-file"),
                                            RingSealer::Buckets{kSecrets});
}

StoreOptions sealed_options(const std::string& dir, const std::string& keys) {
  StoreOptions options = inline_options(dir);
  if (!keys.empty()) options.sealer = sealer_of(keys);
  return options;
}

std::string bytes_of_all_files(const std::string& dir) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(in), {});
  }
  return all;
}

bool holds(const std::string& dir, const std::string& text) {
  return bytes_of_all_files(dir).find(text) != std::string::npos;
}

/// Secrets that live, changed, were deleted and compacted away, small and beyond a page, and
/// objects that are not sealed.
void write_some(Store& store, int count = 12) {
  for (int i = 0; i < count; ++i) {
    const ObjectName name{"n", "s" + std::to_string(i)};
    Write write = create(name, "v", kSecrets);
    write.object = thing(name, kMark + std::to_string(i), i % 4 == 0 ? 9'000 : 0);
    const ObjectPtr made = must_commit(store, write);
    const ObjectPtr changed = must_commit(store, update(made, kMark + "changed", kSecrets));
    if (i % 3 == 0) must_commit(store, removal(changed, kSecrets));
    must_commit(store, create({"n", "c" + std::to_string(i)}, "public-value"));
  }
  store.compact(store.revision() / 2);
}

std::vector<std::string> state_of(const Store& store) {
  return visible_state(store, {kSecrets, std::string(kBucket)});
}

SealedRows rows_of(const std::string& dir, const std::string& keys) {
  const auto rows = sealed_rows(dir, *sealer_of(keys));
  EXPECT_TRUE(rows);
  return *rows;
}

void expect_sealed_with(const std::string& dir, const std::string& keys) {
  const SealedRows rows = rows_of(dir, keys);
  EXPECT_EQ(rows.plain, 0);
  EXPECT_FALSE(rows.scrub_due);
  ASSERT_EQ(rows.by_key.size(), 1u);
  EXPECT_EQ(rows.by_key.begin()->first, sealer_of(keys)->key_id());
  const auto findings = verify_store(dir, sealer_of(keys).get());
  ASSERT_TRUE(findings);
  EXPECT_TRUE(findings->empty()) << findings->front().what;
}

TEST(Sealing, No_byte_of_a_sealed_object_reaches_the_disk_and_a_restart_reads_it) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    auto store = must_open(sealed_options(dir.path(), "a"));
    write_some(*store);
    before = state_of(*store);
    EXPECT_FALSE(holds(dir.path(), kMark)) << "while it runs";
    EXPECT_TRUE(holds(dir.path(), "public-value")) << "other buckets are stored as ever";
  }
  EXPECT_FALSE(holds(dir.path(), kMark)) << "after the stop";
  EXPECT_EQ(state_of(*must_open(sealed_options(dir.path(), "a"))), before);
  expect_sealed_with(dir.path(), "a");
}

TEST(Sealing, A_store_that_was_plain_is_sealed_at_the_next_start_and_nothing_of_it_is_left) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    auto store = must_open(sealed_options(dir.path(), ""));
    write_some(*store);
    before = state_of(*store);
  }
  ASSERT_TRUE(holds(dir.path(), kMark));
  {
    auto store = must_open(sealed_options(dir.path(), "a"));
    EXPECT_EQ(state_of(*store), before);
    EXPECT_FALSE(holds(dir.path(), kMark)) << "before anything else is written";
    must_commit(*store, create({"n", "later"}, kMark, kSecrets));
    before = state_of(*store);
  }
  EXPECT_FALSE(holds(dir.path(), kMark));
  EXPECT_EQ(state_of(*must_open(sealed_options(dir.path(), "a"))), before);
  expect_sealed_with(dir.path(), "a");
}

TEST(Sealing, What_was_deleted_before_encryption_came_is_not_left_in_free_space) {
  const TempDir dir;
  {
    auto store = must_open(sealed_options(dir.path(), ""));
    const ObjectPtr made = must_commit(*store, create({"n", "s"}, kMark, kSecrets));
    must_commit(*store, removal(made, kSecrets));
    must_commit(*store, create({"n", "c"}, "v"));
    store->compact(store->revision());
  }
  ASSERT_TRUE(holds(dir.path(), kMark));
  must_open(sealed_options(dir.path(), "a"));
  EXPECT_FALSE(holds(dir.path(), kMark));
}

TEST(Sealing, A_new_key_takes_over_every_row_and_the_old_one_may_go) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    StoreOptions options = sealed_options(dir.path(), "a");
    options.mode = WriterMode::Thread;
    auto store = must_open(options);
    for (size_t i = 0; i < limits::kResealRows * 2 + 1; ++i) {  // more than two transactions' worth
      const std::string name = "s" + std::to_string(i);
      store->submit(create({"n", name}, kMark + name, kSecrets),
                    [](const auto& made) { EXPECT_TRUE(made); });
    }
    must_commit(*store, create({"n", "last"}, kMark, kSecrets));
    before = state_of(*store);
  }
  { EXPECT_EQ(state_of(*must_open(sealed_options(dir.path(), "ba"))), before); }
  expect_sealed_with(dir.path(), "ba");
  EXPECT_FALSE(holds(dir.path(), sealer_of("a")->key_id())) << "not in free space either";
  EXPECT_EQ(state_of(*must_open(sealed_options(dir.path(), "b"))), before);
}

TEST(Sealing, A_start_that_has_nothing_to_seal_writes_nothing) {
  const TempDir dir;
  { write_some(*must_open(sealed_options(dir.path(), "a"))); }
  FaultVfs vfs;
  StoreOptions options = sealed_options(dir.path(), "a");
  options.vfs = vfs.name();
  must_open(options);
  EXPECT_EQ(vfs.writes(), 0);
}

TEST(Sealing, A_missing_key_stops_the_start_by_name_and_changes_nothing) {
  const TempDir dir;
  { write_some(*must_open(sealed_options(dir.path(), "a"))); }
  const std::string before = bytes_of_all_files(dir.path());
  const auto opened = Store::open(sealed_options(dir.path(), "b"));
  ASSERT_FALSE(opened);
  const std::string expected = "sealed with key " + sealer_of("a")->key_id() +
                               ", which is missing: the-key-file holds " + sealer_of("b")->key_id();
  EXPECT_NE(opened.error().message.find(expected), std::string::npos) << opened.error().message;
  const auto without = Store::open(sealed_options(dir.path(), ""));
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message.find("no keys are given"), std::string::npos);
  EXPECT_TRUE(bytes_of_all_files(dir.path()) == before);
  const auto findings = verify_store(dir.path());
  ASSERT_EQ(findings->size(), 1u);
  EXPECT_NE(findings->front().what.find("rows were not checked: sealed with key"),
            std::string::npos);
}

TEST(Sealing, A_program_that_knows_no_keys_finds_a_newer_format) {
  const TempDir dir;
  { must_commit(*must_open(sealed_options(dir.path(), "")), create({"n", "c"}, "v")); }
  const auto version = [&] {
    return SqliteDatabase::open(dir.path() + "/charter.db", "")->integer("PRAGMA user_version", 0);
  };
  const int64_t plain = version();
  must_open(sealed_options(dir.path(), "a"));
  EXPECT_EQ(version(), plain + 1);
}

/// Edits the database as somebody who knows the format and its checksum would.
class Forger {
 public:
  explicit Forger(const std::string& dir)
      : database_(SqliteDatabase::open(dir + "/charter.db", "")) {}

  /// Gives the row of `into` the bytes of the row of `from`, and a checksum that fits.
  void move_bytes(int64_t from, int64_t into) {
    SqliteStatement source = database_->prepare("SELECT object FROM log WHERE rev=?");
    ASSERT_EQ(source.integer(from).step(), DbCode::Row);
    const std::string bytes(source.bytes_at(0));
    SqliteStatement target =
        database_->prepare("SELECT rev, prev, op, bucket, ns, name FROM log WHERE rev=?");
    ASSERT_EQ(target.integer(into).step(), DbCode::Row);
    LogRow row;
    row.revision = target.integer_at(0);
    row.previous = target.integer_at(1);
    row.op = target.integer_at(2) == 0 ? Write::Op::Put : Write::Op::Delete;
    row.bucket = target.bytes_at(3);
    row.ns = target.bytes_at(4);
    row.name = target.bytes_at(5);
    row.object = bytes;
    const auto sum = static_cast<int64_t>(checksum_of(row));
    SqliteStatement update = database_->prepare("UPDATE log SET object=?, sum=? WHERE rev=?");
    ASSERT_EQ(update.blob(bytes).integer(sum).integer(into).run(), DbCode::Ok);
  }

 private:
  std::unique_ptr<SqliteDatabase> database_;
};

TEST(Sealing, Bytes_moved_to_another_row_are_refused_at_start_and_found_by_verify) {
  for (const auto& [from, into] : {std::pair<int64_t, int64_t>{1, 2}, {2, 1}, {1, 3}}) {
    const TempDir dir;
    {
      auto store = must_open(sealed_options(dir.path(), "a"));
      const ObjectPtr mine = must_commit(*store, create({"n", "mine"}, kMark + "1", kSecrets));
      must_commit(*store, create({"n", "yours"}, kMark + "2", kSecrets));
      must_commit(*store, update(mine, kMark + "3", kSecrets));
    }
    std::filesystem::remove(dir.path() + "/charter.db-wal");
    std::filesystem::remove(dir.path() + "/charter.db-acked");
    Forger(dir.path()).move_bytes(from, into);
    const auto opened = Store::open(sealed_options(dir.path(), "a"));
    ASSERT_FALSE(opened) << from << " " << into;
    EXPECT_NE(opened.error().message.find("they were changed, or belong to another row"),
              std::string::npos)
        << opened.error().message;
    const auto findings = verify_store(dir.path(), sealer_of("a").get());
    ASSERT_EQ(findings->size(), 1u);
    EXPECT_NE(findings->front().where.find("at revision " + std::to_string(into)),
              std::string::npos);
  }
}

/// A sealer whose cipher fails.
class BrokenSealer final : public Sealer {
 public:
  bool wants(std::string_view bucket) const override { return bucket == kSecrets; }
  const std::string& key_id() const override { return id_; }
  Result<std::string> seal(const SealedPlace&, std::string_view) const override {
    return Error{Code::InternalError, "cannot encrypt"};
  }
  Result<std::string> open(const SealedPlace&, std::string_view) const override {
    return Error{Code::InternalError, "cannot decrypt"};
  }

 private:
  const std::string id_ = "broken";
};

TEST(Sealing, What_cannot_be_sealed_is_refused_and_never_stored_plain) {
  const TempDir dir;
  StoreOptions options = inline_options(dir.path());
  options.sealer = std::make_shared<BrokenSealer>();
  auto store = must_open(options);
  EXPECT_EQ(store->commit(create({"n", "s"}, kMark, kSecrets)).error().code, Code::InternalError);
  must_commit(*store, create({"n", "c"}, "v"));
  EXPECT_EQ(store->get(kSecrets, {"n", "s"}), nullptr);
  EXPECT_FALSE(holds(dir.path(), kMark));
}

/// A store's directory as it was before a change of keys, and what must be true after any fault in
/// it.
class Change {
 public:
  Change(std::string from, std::string to) : to_(std::move(to)) {
    auto store = must_open(sealed_options(origin_.path(), from));
    write_some(*store);
    state_ = state_of(*store);
  }

  /// Opens a copy under a fault, then again on a good disk. True when the fault did not happen any
  /// more.
  bool survives(const std::function<void(FaultVfs&)>& plan) {
    const TempDir dir;
    std::filesystem::copy(origin_.path(), dir.path(), std::filesystem::copy_options::recursive);
    bool fired = false;
    {
      FaultVfs vfs;
      StoreOptions options = sealed_options(dir.path(), to_);
      options.vfs = vfs.name();
      options.fatal = [](int) {};
      plan(vfs);
      const auto opened = Store::open(std::move(options));
      fired = vfs.fired();
    }
    auto store = must_open(sealed_options(dir.path(), to_));
    EXPECT_EQ(state_of(*store), state_);
    EXPECT_FALSE(holds(dir.path(), kMark));
    store.reset();
    expect_sealed_with(dir.path(), to_);
    return !fired;
  }

 private:
  const TempDir origin_;
  const std::string to_;
  std::vector<std::string> state_;
};

class SealingFaults : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(SealingFaults, A_failure_or_power_cut_at_any_step_is_made_up_for_at_the_next_start) {
  using Call = FaultVfs::Call;
  Change change(GetParam().first, GetParam().second);
  const std::vector<std::function<void(FaultVfs&, int64_t)>> faults = {
      [](FaultVfs& vfs, int64_t n) { vfs.fail_nth(Call::Write, n, FaultVfs::Fault::IoError); },
      [](FaultVfs& vfs, int64_t n) { vfs.fail_nth(Call::Write, n, FaultVfs::Fault::DiskFull); },
      [](FaultVfs& vfs, int64_t n) { vfs.fail_nth(Call::Sync, n, FaultVfs::Fault::IoError); },
      [](FaultVfs& vfs, int64_t n) { vfs.cut_power_at_sync(n, FaultVfs::Loss::All, 1); },
      [](FaultVfs& vfs, int64_t n) { vfs.cut_power_at_sync(n, FaultVfs::Loss::Torn, 7); },
  };
  for (size_t kind = 0; kind < faults.size(); ++kind) {
    bool passed = false;
    for (int64_t n = 1; !passed; n += 1 + n / 32) {
      SCOPED_TRACE("fault " + std::to_string(kind) + " at " + std::to_string(n));
      ASSERT_LT(n, 3'000);
      passed = change.survives([&](FaultVfs& vfs) { faults[kind](vfs, n); });
      EXPECT_TRUE(!passed || n > 4) << "the change takes several steps";
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Changes, SealingFaults,
                         ::testing::Values(std::pair("", "a"), std::pair("a", "ba")));

TEST(Sealing, With_the_disk_full_the_store_opens_and_the_next_start_takes_it_up_again) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    auto store = must_open(sealed_options(dir.path(), ""));
    write_some(*store);
    before = state_of(*store);
  }
  {
    FaultVfs vfs;
    StoreOptions options = sealed_options(dir.path(), "a");
    options.vfs = vfs.name();
    vfs.fill_disk();
    auto store = must_open(options);
    EXPECT_EQ(state_of(*store), before);
  }
  EXPECT_EQ(state_of(*must_open(sealed_options(dir.path(), "a"))), before);
  EXPECT_FALSE(holds(dir.path(), kMark));
  expect_sealed_with(dir.path(), "a");
}

}  // namespace
}  // namespace charter::testing
