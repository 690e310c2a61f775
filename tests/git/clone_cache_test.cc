#include "controller/git/clone_cache.h"

#include "controller/git/child_process.h"
#include "controller/git/limits.h"
#include "controller/base/scratch_folder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace charter {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// A cache, and calls with a budget of their own.
class Cache : public testing::Test {
 protected:
  Result<std::unique_ptr<ClonePlace>> enter(const std::string& host,
                                            Duration timeout = seconds(60)) {
    const GitUrl url = *parse_git_url("https://" + host + "/r");
    const GitCredentials none;
    const Wire wire(url, none, timeout);
    return cache.enter(url, wire);
  }
  size_t clones() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(scratch.path() / "c"), fs::directory_iterator()));
  }

  ScratchFolder scratch{"git"};
  CloneCache cache{scratch.path() / "c"};
};

TEST_F(Cache, One_address_is_entered_by_one_call_and_others_do_not_wait) {
  const auto first = enter("a");
  ASSERT_TRUE(first);
  const auto second = enter("a", std::chrono::milliseconds(20));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, kGitUnreachable);
  const auto other = enter("b", std::chrono::milliseconds(20));
  ASSERT_TRUE(other);
  EXPECT_NE((*other)->folder(), (*first)->folder());
}

TEST_F(Cache, Of_too_many_the_one_not_used_for_longest_goes_and_none_in_use) {
  const auto used = enter("a");
  fs::create_directories((*used)->folder());
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1000);
  for (size_t i = 0; i < limits::kGitClonesMax; ++i) {
    fs::create_directories(scratch.path() / "c" / std::to_string(i));
    fs::last_write_time(scratch.path() / "c" / std::to_string(i), long_ago + std::chrono::hours(i));
  }
  fs::last_write_time((*used)->folder(), long_ago - std::chrono::hours(1));
  ASSERT_TRUE(enter("b"));
  EXPECT_TRUE(fs::exists((*used)->folder()));
  EXPECT_LE(clones(), limits::kGitClonesMax + 1);
  fs::create_directories(scratch.path() / "c" / "more");
  ASSERT_TRUE(enter("b"));
  EXPECT_FALSE(fs::exists(scratch.path() / "c" / "0"));
  EXPECT_TRUE(fs::exists(scratch.path() / "c" / "200"));
}

TEST_F(Cache, One_that_has_grown_too_large_begins_anew) {
  {
    const auto place = enter("a");
    fs::create_directories((*place)->folder());
    std::ofstream((*place)->folder() / "pack") << "x";
    fs::resize_file((*place)->folder() / "pack", limits::kGitCloneBytesMax + 1);  // holds no blocks
  }
  const auto place = enter("a");
  ASSERT_TRUE(place);
  EXPECT_FALSE(fs::exists((*place)->folder() / "pack"));
}

Duration in(seconds time) {
  return SystemClock().monotonic() + time;
}

TEST(ChildProcess, Says_what_a_tool_said_and_how_it_ended) {
  const auto done = run_tool({"/bin/sh", "-c", "cat; exit 3"}, "hello", in(seconds(60)));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "hello");
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(run_tool({"/nonexistent"}, "", in(seconds(60))).error().code, Code::ServiceUnavailable);
  EXPECT_EQ(run_tool({"/bin/sh", "-c", "kill -9 $$"}, "", in(seconds(60)))->exit_code, 137);
}

TEST(ChildProcess, One_that_floods_or_does_not_read_stops_nobody) {
  const auto flood =
      run_tool({"/bin/sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"},
               std::string(1 << 20, 'x'), in(seconds(60)));
  ASSERT_TRUE(flood);
  EXPECT_EQ(flood->output.size(), limits::kGitToolOutputBytesMax);
  EXPECT_EQ(run_tool({"/bin/sh", "-c", "exec tail -f /dev/null"}, "", in(seconds(1))).error().code,
            Code::Timeout);
}

TEST(ChildProcess, Sees_no_descriptor_and_no_variable_of_ours) {
  const auto done =
      run_tool({"/bin/sh", "-c", "ls /proc/self/fd | wc -l; env | sort | tr '\\n' ' '"}, "",
               in(seconds(60)));
  ASSERT_TRUE(done);
  // 0, 1, 2 and the directory that ls reads.
  EXPECT_TRUE(done->output.starts_with("4\n")) << done->output;
  EXPECT_EQ(done->output.find("HOME"), std::string::npos) << done->output;
}

TEST(MemoryFile, Can_be_read_by_its_path_as_long_as_it_lives) {
  std::string path;
  {
    const MemoryFile file("secret");
    path = file.path();
    EXPECT_EQ(run_tool({"/bin/cat", path}, "", in(seconds(60)))->output, "secret");
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace charter
