#include "controller/base/limits.h"
#include "controller/base/random.h"
#include "tests/store/store_fixture.h"

#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

// What is on disk after a restart, a kill, and damage.
namespace charter::testing {
namespace {

const std::string kOther = "other.dev/things";

void write_history(Store& store, int steps, uint64_t seed) {
  SeededRandom random(seed);
  for (int i = 0; i < steps; ++i) {
    const std::string bucket = random_below(random, 2) ? std::string(kBucket) : kOther;
    const ObjectName name{"n", "x" + std::to_string(random_below(random, 20))};
    const ObjectPtr current = store.get(bucket, name);
    if (!current) {
      must_commit(store, create(name, std::to_string(i), bucket));
    } else if (random_below(random, 3) == 0) {
      must_commit(store, removal(current, bucket));
    } else {
      must_commit(store, update(current, std::to_string(i), bucket));
    }
  }
}

TEST(Durability, A_reopened_store_has_the_same_state_revision_and_events) {
  const TempDir dir;
  std::vector<std::string> before;
  for (int round = 0; round < 5; ++round) {
    auto store = must_open(inline_options(dir.path()));
    if (round > 0) {
      ASSERT_EQ(visible_state(*store, {std::string(kBucket), kOther}), before);
    }
    write_history(*store, 60, static_cast<uint64_t>(round));
    if (round == 2) store->compact(store->revision() - 20);
    if (round == 3) store->compact(store->revision());
    before = visible_state(*store, {std::string(kBucket), kOther});
  }
  EXPECT_TRUE(verify_store(dir.path())->empty());
}

TEST(Durability, A_revision_is_never_given_out_twice_even_when_its_tombstone_was_compacted) {
  const TempDir dir;
  {
    auto store = must_open(inline_options(dir.path()));
    must_commit(*store, removal(must_commit(*store, create({"n", "a"}, "1"))));
    store->compact(2);
  }
  auto store = must_open(inline_options(dir.path()));
  EXPECT_EQ(store->revision(), 2);
  EXPECT_EQ(must_commit(*store, create({"n", "a"}, "2"))->header().version, 3);
}

TEST(Durability, Compaction_removes_superseded_rows_and_tombstones_and_recreation_keeps_the_chain) {
  const TempDir dir;
  {
    auto store = must_open(inline_options(dir.path()));
    for (int round = 0; round < 3; ++round) {
      const ObjectPtr made = must_commit(*store, create({"n", "a"}, "1"));
      const ObjectPtr changed = must_commit(*store, update(made, "2"));
      must_commit(*store, removal(changed));
      if (round == 1) store->compact(5);  // leaves the second tombstone as a live event
    }
    must_commit(*store, create({"n", "b"}, "1"));
    EXPECT_TRUE(verify_store(dir.path()).error().code == Code::Conflict) << "in use";
  }
  EXPECT_TRUE(verify_store(dir.path())->empty());
  auto store = must_open(inline_options(dir.path()));
  EXPECT_EQ(describe(*store->events(kBucket, 5, 100)),
            (std::vector<std::string>{"D n/a=2@6 was n/a=2@5", "A n/a=1@7", "M n/a=2@8 was n/a=1@7",
                                      "D n/a=2@9 was n/a=2@8", "A n/b=1@10"}));
}

TEST(Durability, Ring_bounds_compact_the_log_by_themselves) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    auto store = must_open(inline_options(dir.path()));
    ObjectPtr current = must_commit(*store, create({"n", "a"}, "0"));
    // Beyond the byte bound by enough events that a sweep is due.
    const size_t bytes = limits::kEventRingBytesMax / limits::kCompactionRowsMax * 2;
    const ObjectPtr large = thing({"n", "a"}, "v", bytes);
    for (size_t i = 0; i < limits::kCompactionRowsMax * 2; ++i) {
      Write next = update(current, "v");
      next.object = large;
      current = must_commit(*store, next);
    }
    EXPECT_GE(store->compacted(), static_cast<int64_t>(limits::kCompactionRowsMax));
    before = describe(store->list(kBucket, {})->objects);
  }
  auto store = must_open(inline_options(dir.path()));
  EXPECT_GE(store->compacted(), static_cast<int64_t>(limits::kCompactionRowsMax));
  EXPECT_EQ(describe(store->list(kBucket, {})->objects), before);
  store.reset();
  EXPECT_TRUE(verify_store(dir.path())->empty());
}

TEST(Durability, Index_fields_are_computed_again_at_start) {
  const TempDir dir;
  {
    auto store = must_open(inline_options(dir.path()));
    must_commit(*store, create({"n", "a"}, "v"));
    must_commit(*store, create({"", "kind"}, "d", "definitions"));
  }
  StoreOptions options = inline_options(dir.path());
  std::string learned;
  options.kinds.definitions = "definitions";
  options.kinds.learn = [&](std::string_view encoded) { learned = encoded; };
  options.kinds.index = [&](std::string_view bucket, std::string_view encoded) {
    return Pairs{{"bucket", std::string(bucket)},
                 {"known", learned.empty() ? "" : "yes"},
                 {"value", text_at(bare_tree(encoded), {"spec", "value"})}};
  };
  auto store = must_open(options);
  EXPECT_EQ(store->get(kBucket, {"n", "a"})->header().fields,
            (Pairs{{"bucket", std::string(kBucket)}, {"known", "yes"}, {"value", "v"}}));
}

TEST(Durability, A_second_open_of_the_directory_is_refused_and_names_it) {
  const TempDir dir;
  auto first = must_open(inline_options(dir.path()));
  const auto second = Store::open(inline_options(dir.path()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Conflict);
  EXPECT_NE(second.error().message.find(dir.path()), std::string::npos);
  first.reset();
  EXPECT_TRUE(Store::open(inline_options(dir.path())));
}

// Runs `body` in a child process that is killed after it has written `acks` bytes to its pipe
// (never, if 0). Gives the bytes.
std::string kill_after_acks(size_t acks, const std::function<void(int pipe)>& body) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    body(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  std::string acked;
  char buffer[4096];
  bool killed = false;
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    acked.append(buffer, static_cast<size_t>(count));
    if (!killed && acks > 0 && acked.size() >= acks) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return acked;
}

TEST(Durability, After_SIGKILL_the_directory_opens_again_and_every_acknowledged_write_is_there) {
  const TempDir dir;
  std::set<std::string> acked;
  constexpr int kKills = 25;
  SeededRandom random(3);
  for (int round = 0; round < kKills; ++round) {
    const std::string prefix = "r" + std::to_string(round) + "-";
    const size_t after = 40 * (1 + random_below(random, 40));
    const std::string out = kill_after_acks(after, [&](int pipe) {
      // A real writer thread with many writes in flight, until the kill.
      StoreOptions options;
      options.data_dir = dir.path();
      auto store = must_open(options);
      for (int i = 0; i < 20'000; ++i) {
        const std::string name = prefix + std::to_string(i);
        store->submit(create({"n", name}, name), [pipe, name](Result<Committed> result) {
          const std::string line = name + "\n";
          if (result && write(pipe, line.data(), line.size()) < 0) _exit(1);
        });
      }
      store->stop();
    });
    size_t lines = 0;
    for (size_t at = 0, end = 0; (end = out.find('\n', at)) != std::string::npos;
         at = end + 1, ++lines) {
      acked.insert(out.substr(at, end - at));
    }
    ASSERT_GT(lines, 0u);
    auto store = must_open(inline_options(dir.path()));
    for (const std::string& name : acked) {
      const ObjectPtr object = store->get(kBucket, {"n", name});
      ASSERT_NE(object, nullptr) << "lost " << name << " in round " << round;
      ASSERT_EQ(value_of(*object), name);
    }
    ASSERT_EQ(store->revision(), static_cast<int64_t>(store->count(kBucket)));
    store.reset();
    ASSERT_TRUE(verify_store(dir.path())->empty());
  }
}

std::map<std::string, std::string> files_of(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

TEST(Durability, Verify_changes_no_file_and_reads_what_only_the_wal_holds) {
  const TempDir dir;
  kill_after_acks(1, [&](int pipe) {
    auto store = must_open(inline_options(dir.path()));
    write_history(*store, 50, 1);
    EXPECT_EQ(write(pipe, "x", 1), 1);
    pause();
  });
  const auto before = files_of(dir.path());
  EXPECT_TRUE(verify_store(dir.path())->empty());
  EXPECT_TRUE(files_of(dir.path()) == before);
}

TEST(Durability, Verify_of_a_directory_without_a_store_says_so_and_makes_nothing) {
  const TempDir dir;
  EXPECT_EQ(verify_store(dir.path()).error().code, Code::NotFound);
  EXPECT_TRUE(files_of(dir.path()).empty());
}

TEST(Durability, A_flipped_bit_in_an_object_is_found_by_verify_and_refused_at_start_with_its_key) {
  const TempDir dir;
  {
    auto store = must_open(inline_options(dir.path()));
    must_commit(*store, create({"n", "a"}, "untouched"));
    must_commit(*store, create({"n", "b"}, "find-me"));
  }
  const std::string path = dir.path() + "/charter.db";
  std::string bytes = files_of(dir.path())["charter.db"];
  const size_t at = bytes.find("find-me");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  std::filesystem::remove(dir.path() + "/charter.db-wal");
  const auto findings = verify_store(dir.path());
  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->size(), 1u);
  EXPECT_EQ((*findings)[0].where, "example.dev/things n/b at revision 2");
  EXPECT_EQ((*findings)[0].what, "checksum does not match the stored bytes");
  const auto store = Store::open(inline_options(dir.path()));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::InternalError);
  EXPECT_NE(store.error().message.find("n/b"), std::string::npos);
  EXPECT_EQ(files_of(dir.path())["charter.db"], bytes);
}

TEST(Durability, Any_flipped_bit_of_the_file_is_found_or_harmless_never_a_wrong_state) {
  const TempDir dir;
  std::vector<std::string> before;
  {
    auto store = must_open(inline_options(dir.path()));
    write_history(*store, 40, 1);
    before = visible_state(*store, {std::string(kBucket), kOther});
  }
  const std::string good = files_of(dir.path())["charter.db"];
  std::filesystem::remove(dir.path() + "/charter.db-wal");
  SeededRandom random(11);
  int found = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    const size_t at = random_below(random, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_below(random, 8)));
    const TempDir copy;
    std::ofstream(copy.path() + "/charter.db", std::ios::binary) << bytes;
    const auto findings = verify_store(copy.path());
    if (!findings || !findings->empty()) {
      ++found;
      continue;
    }
    const auto store = Store::open(inline_options(copy.path()));
    ASSERT_TRUE(store) << "verify was content, byte " << at;
    ASSERT_EQ(visible_state(**store, {std::string(kBucket), kOther}), before) << "byte " << at;
  }
  EXPECT_GT(found, 50);  // most of so small a file is unused space
}

TEST(Durability, A_file_of_a_newer_format_is_refused) {
  const TempDir dir;
  { must_commit(*must_open(inline_options(dir.path())), create({"n", "a"}, "v")); }
  // user_version lies at byte 60 of the file, big endian.
  std::fstream file(dir.path() + "/charter.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(60);
  file.write("\0\0\0\7", 4);
  file.close();
  std::filesystem::remove(dir.path() + "/charter.db-wal");
  const auto store = Store::open(inline_options(dir.path()));
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("format 7 is newer"), std::string::npos);
}

}  // namespace
}  // namespace charter::testing
