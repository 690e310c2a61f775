#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "tests/support/audit_bench.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <set>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

// The log on the disk: queue, files, full disks, kills and restarts.
namespace charter::test {
namespace {

using Writer = AuditLogOptions::Writer;

/// While it lives no file can grow beyond `bytes`: what a full disk is to a single process.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
};

/// Appends and waits for the outcome.
Status append_and_wait(AuditLog& log, std::string event) {
  auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = promise->get_future();
  const auto at_once = log.append(
      std::move(event), [promise](const Status& written) { promise->set_value(written); });
  return at_once ? *at_once : outcome.get();
}

TEST(AuditLogFiles, Are_readable_by_the_owner_only) {
  AuditBench bench;
  bench.write_log(20, 2'000);
  auto files = bench.files();
  ASSERT_GT(files.size(), 2U);
  files.push_back(bench.head_path());
  for (const std::string& file : files) {
    struct stat found = {};
    ASSERT_EQ(stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U) << file;
  }
}

TEST(AuditLogFiles, Rotate_before_they_are_larger_than_allowed_and_keep_every_record) {
  AuditBench bench;
  bench.write_log(50, 3'000);
  for (const std::string& file : bench.files())
    EXPECT_LE(std::filesystem::file_size(file), 3'000U);
  EXPECT_EQ(bench.events_with("verb", "test").size(), 50U);
}

TEST(AuditLogFiles, The_oldest_go_beyond_the_number_that_is_kept_and_the_rest_still_verifies) {
  AuditBench bench;
  AuditLogOptions options{bench.journal_options(), Writer::Inline};
  options.journal.file_bytes_max = 2'000;
  options.journal.backups_max = 3;
  {
    auto log = AuditLog::open(options, bench.clock(), bench.random(), bench.metrics());
    ASSERT_TRUE(log.has_value());
    for (int i = 0; i < 60; ++i)
      (*log)->append(open_event(std::to_string(i)));
  }
  EXPECT_EQ(bench.files().size(), 4U);
  EXPECT_TRUE(bench.verify().findings.empty());
  // What is kept begins where the head file says, so that one more file away is found.
  std::filesystem::remove(bench.files().front());
  EXPECT_EQ(bench.verify().faults, 1U);
}

TEST(AuditLogFiles, Older_than_the_age_go) {
  AuditBench bench;
  bench.write_log(20, 2'000);
  const auto files = bench.files();
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(50);
  std::filesystem::last_write_time(files[0], old);
  std::filesystem::last_write_time(files[1], old);
  AuditLogOptions options{bench.journal_options(), Writer::Inline};
  options.journal.file_bytes_max = 2'000;
  options.journal.age_max = std::chrono::hours(48);
  {
    auto log = AuditLog::open(options, bench.clock(), bench.random(), bench.metrics());
    ASSERT_TRUE(log.has_value());
    for (int i = 0; i < 10; ++i)
      (*log)->append(open_event(std::to_string(i)));
  }
  EXPECT_FALSE(std::filesystem::exists(files[0]));
  EXPECT_FALSE(std::filesystem::exists(files[1]));
  EXPECT_TRUE(std::filesystem::exists(files[2]));
  EXPECT_TRUE(bench.verify().findings.empty());
}

TEST(AuditLogFiles, A_second_writer_is_refused) {
  AuditBench bench;
  const auto log = bench.open();
  const auto second = AuditLog::open({bench.journal_options(), Writer::Inline}, bench.clock(),
                                     bench.random(), bench.metrics());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::Conflict);
}

TEST(AuditLogFiles, Another_path_goes_on_with_the_chain_and_says_so) {
  AuditBench bench;
  bench.write_log(5);
  const ChainPoint before = bench.verify().last;
  AuditLogOptions options{bench.journal_options(), Writer::Inline};
  options.journal.path = bench.folder() + "/moved.log";
  {
    auto log = AuditLog::open(options, bench.clock(), bench.random(), bench.metrics());
    ASSERT_TRUE(log.has_value());
  }
  AuditVerifyOptions verify;
  verify.log_path = options.journal.path;
  verify.head = *read_audit_head(bench.head_path());
  EXPECT_EQ(verify.head->first, before);
  const auto verified = verify_audit_log(verify);
  ASSERT_TRUE(verified.has_value());
  EXPECT_TRUE(verified->findings.empty());
  EXPECT_EQ(verified->last.sequence, before.sequence + 2);
}

TEST(AuditLogFiles, A_data_directory_may_be_moved_as_a_whole) {
  AuditBench bench;
  bench.write_log(5);
  const std::string moved = bench.folder() + "-moved";
  std::filesystem::rename(bench.folder(), moved);
  AuditVerifyOptions verify;
  verify.head = *read_audit_head(moved + "/audit-head");
  verify.log_path = verify.head->log_path;
  EXPECT_EQ(verify.log_path, moved + "/log/audit.log");
  EXPECT_TRUE(verify_audit_log(verify)->findings.empty());
  AuditLogOptions options{{moved + "/log/audit.log", moved + "/audit-head", 1'000'000, 0, {}},
                          Writer::Inline};
  ASSERT_TRUE(AuditLog::open(options, bench.clock(), bench.random(), bench.metrics()).has_value());
  verify.head = *read_audit_head(moved + "/audit-head");
  EXPECT_EQ(verify.head->first.sequence, 0U);
  const auto verified = verify_audit_log(verify);
  EXPECT_TRUE(verified->findings.empty());
  EXPECT_EQ(verified->records, 9U);
  std::filesystem::rename(moved, bench.folder());
}

TEST(AuditLogThread, Many_writers_get_one_chain_and_each_is_told_after_its_record_is_in_the_file) {
  AuditBench bench;
  constexpr int kWriters = 4;
  constexpr int kEach = 200;
  std::atomic<int> missing = 0;
  {
    const auto log = bench.open(100'000, Writer::Thread);
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < kEach; ++i) {
          const std::string id = "w" + std::to_string(w) + "-" + std::to_string(i) + "!";
          const Status written = append_and_wait(*log, open_event(id));
          // Every fiftieth is looked for at once: told must mean written.
          const bool looked_for = i % 50 == 0;
          if (!written || (looked_for && bench.text().find(id) == std::string::npos)) ++missing;
        }
      });
    }
    for (std::thread& writer : writers)
      writer.join();
  }
  EXPECT_EQ(missing, 0);
  EXPECT_EQ(bench.events_with("verb", "test").size(), static_cast<size_t>(kWriters * kEach));
  EXPECT_TRUE(bench.verify().findings.empty());
}

TEST(AuditLogThread, A_killed_process_keeps_every_record_that_somebody_was_told_of) {
  AuditBench bench;
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto log = bench.open(50'000, Writer::Thread);
    for (uint32_t i = 0;; ++i) {
      const std::string event = open_event("kill-" + std::to_string(i), i % 3'000);
      if (append_and_wait(*log, event)) (void)!write(pipe_ends[1], &i, sizeof i);
    }
  }
  close(pipe_ends[1]);
  uint32_t told = 0;
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(read(pipe_ends[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(pipe_ends[0], &told, sizeof told) > 0) {
  }
  close(pipe_ends[0]);
  EXPECT_EQ(bench.verify().faults, 0U);
  bench.write_log(1);  // a start after the kill
  EXPECT_TRUE(bench.verify().findings.empty());
  std::set<std::string> ids;
  for (const Json& event : bench.events())
    ids.insert(text_at(event, {"auditID"}));
  for (uint32_t i = 0; i <= told; ++i)
    EXPECT_TRUE(ids.contains("kill-" + std::to_string(i))) << i;
}

TEST(AuditLogFull,
     Who_waits_is_refused_with_507_others_are_counted_and_it_goes_on_when_there_is_room) {
  AuditBench bench;
  {
    const auto log = bench.open();
    ASSERT_TRUE(append_and_wait(*log, open_event("before")));
    {
      const SmallDisk full(std::filesystem::file_size(bench.path()) + 100);
      const Status refused = append_and_wait(*log, open_event("refused"));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::InsufficientStorage);
      EXPECT_NE(refused.error().message.find("no space left"), std::string::npos);
      ASSERT_FALSE(log->health());
      log->append(open_event("lost"));
      log->append(open_event("lost too"));
    }
    ASSERT_TRUE(append_and_wait(*log, open_event("after")));
    EXPECT_TRUE(log->health());
  }
  const auto gaps = bench.events_with("verb", "gap");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_TRUE(text_at(gaps[0], {"annotations", "audit.charter.dev/note"})
                  .starts_with("2 records were lost; since "))
      << gaps[0].dump();
  EXPECT_EQ(bench.text().find("refused"), std::string::npos);
  EXPECT_EQ(bench.text().find("lost too"), std::string::npos);
  EXPECT_TRUE(bench.verify().findings.empty());
  const std::string metrics = bench.metrics().expose();
  EXPECT_NE(metrics.find("apiserver_audit_error_total{plugin=\"log\"} 3"), std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("apiserver_audit_event_total 5"), std::string::npos) << metrics;
}

TEST(AuditLogFull, It_is_well_again_by_itself_without_anybody_writing) {
  AuditBench bench;
  const auto log = bench.open(100'000'000, Writer::Thread);
  {
    const SmallDisk full(std::filesystem::file_size(bench.path()) + 100);
    ASSERT_FALSE(append_and_wait(*log, open_event("refused")));
    ASSERT_FALSE(log->health());
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!log->health() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE(log->health());
}

TEST(AuditLogFull, A_device_that_is_always_full_is_an_error_at_the_start) {
  AuditBench bench;
  AuditLogOptions options{bench.journal_options(), Writer::Inline};
  options.journal.path = "/dev/full";
  const auto log = AuditLog::open(options, bench.clock(), bench.random(), bench.metrics());
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Code::InsufficientStorage);
}

/// A log that is a pipe: who writes more than it holds waits for somebody to read.
class SlowLog {
 public:
  explicit SlowLog(AuditBench& bench) : path_(bench.folder() + "/pipe") {
    CHECK(mkfifo(path_.c_str(), 0600) == 0);
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    CHECK(fd_ >= 0);
  }
  ~SlowLog() { close(fd_); }

  const std::string& path() const { return path_; }
  void wait_until_full() const {
    for (int held = 0; held < 60'000;) {
      CHECK(ioctl(fd_, FIONREAD, &held) == 0);
      std::this_thread::yield();
    }
  }
  /// All that is written until a text comes by.
  std::string read_until(const std::string& text) const {
    std::string all;
    std::vector<char> piece(1 << 20);
    for (size_t from = 0; all.find(text, from) == std::string::npos;) {
      from = all.size() - std::min(all.size(), text.size());
      const ssize_t got = read(fd_, piece.data(), piece.size());
      CHECK(got > 0);
      all.append(piece.data(), static_cast<size_t>(got));
    }
    return all;
  }

 private:
  const std::string path_;
  int fd_ = -1;
};

TEST(AuditLogQueue, Beyond_its_bytes_callers_get_429_and_the_loss_is_on_record) {
  AuditBench bench;
  const SlowLog slow(bench);
  std::atomic<int> refused = 0;
  std::atomic<int> written = 0;
  const auto count = [&](const Status& outcome) {
    if (outcome) ++written;
    if (!outcome && outcome.error().code == Code::TooManyRequests) ++refused;
  };
  constexpr size_t kEvent = limits::kAuditQueueBytesMax / 8;
  AuditLogOptions options{bench.journal_options(), Writer::Thread};
  options.journal.path = slow.path();
  auto log = AuditLog::open(options, bench.clock(), bench.random(), bench.metrics());
  ASSERT_TRUE(log.has_value());
  // Whoever comes first writes, and is held by the pipe, so that the queue fills up.
  std::thread first([&] { count(append_and_wait(**log, open_event("first", kEvent))); });
  slow.wait_until_full();
  for (int i = 0; i < 10; ++i) {
    if (const auto at_once = (*log)->append(open_event("big", kEvent), count)) count(*at_once);
  }
  EXPECT_GE(refused, 3);
  (*log)->append(open_event("unwaited", kEvent));
  std::string text;
  std::thread reader([&] { text = slow.read_until("the server stopped"); });
  first.join();
  (*log)->stop();
  reader.join();
  EXPECT_EQ(written + refused, 11);
  EXPECT_GE(written, 7);
  EXPECT_NE(text.find("1 records were lost"), std::string::npos);
}

TEST(AuditLogStop, After_it_records_are_refused) {
  AuditBench bench;
  const auto log = bench.open();
  log->stop();
  const Status refused = append_and_wait(*log, open_event("late"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::ServiceUnavailable);
}

}  // namespace
}  // namespace charter::test
