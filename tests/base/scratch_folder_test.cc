#include "controller/base/scratch_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace charter {
namespace {

namespace fs = std::filesystem;

/// A temporary directory as a killed process left it, beside what is not its own.
class Leftovers {
 public:
  Leftovers() {
    char name[] = "/tmp/scratch-test-XXXXXX";
    parent_ = ::mkdtemp(name);
    for (const char* each : {"charter-scratch-git-killed", "charter-scratch-pki-lives", "others"}) {
      fs::create_directory(parent_ / each);
      std::ofstream(parent_ / each / "file") << "x";
    }
    fs::create_symlink(parent_ / "others", parent_ / "charter-scratch-ssh-link");
    const auto lives = parent_ / "charter-scratch-pki-lives";
    lock_ = ::open(lives.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::flock(lock_, LOCK_EX);
  }
  ~Leftovers() {
    ::close(lock_);
    fs::remove_all(parent_);
  }
  const fs::path& parent() const { return parent_; }
  bool has(const char* name) const { return fs::exists(parent_ / name); }

 private:
  fs::path parent_;
  int lock_ = -1;
};

TEST(ScratchFolder, TheFirstOfAProcessRemovesWhatKilledOnesLeftAndNothingElse) {
  const Leftovers left;
  // A process of its own: only the first of each looks.
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("TMPDIR", left.parent().c_str(), 1);
    const ScratchFolder folder("git");
    const bool good =
        !folder.path().empty() && folder.write("note", "secret-free") &&
        fs::exists(folder.path() / "note") &&
        (fs::status(folder.path()).permissions() & fs::perms::others_all) == fs::perms::none;
    ::_exit(good ? 0 : 1);  // without its destructor: as when it is killed
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(left.has("charter-scratch-git-killed"));
  EXPECT_TRUE(left.has("charter-scratch-pki-lives/file"));
  EXPECT_TRUE(left.has("others/file"));
  EXPECT_TRUE(left.has("charter-scratch-ssh-link"));
}

TEST(ScratchFolder, ItGoesWithItsOwner) {
  fs::path path;
  {
    const ScratchFolder folder("git");
    path = folder.path();
    ASSERT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace charter
