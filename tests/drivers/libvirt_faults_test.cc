#include "drivers/libvirt/names.h"
#include "tests/drivers/libvirt_real.h"
#include "tests/drivers/socket_proxy.h"

#include <libvirt/libvirt.h>

#include <filesystem>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/mount.h>

// Replies that are lost, a daemon that stops or dies in the middle of anything, and a full disk:
// each time exactly one machine, nothing left over, a clear error, and nobody has to put anything
// right.
namespace charter {
namespace {

constexpr int kCallsMax = 400;

class LibvirtFaults : public LibvirtReal {
 protected:
  void SetUp() override {
    LibvirtReal::SetUp();
    if (IsSkipped()) return;
    const std::string folder = bench_.daemon().directory();
    proxy_ = std::make_unique<SocketProxy>(folder + "/proxy", folder + "/host/run/libvirt-sock");
    const std::string direct = bench_.daemon().uri();
    bench_.settings.replace(bench_.settings.find(direct), direct.size(),
                            "qemu+unix:///system?socket=" + proxy_->path());
    disturbed_ = bench_.open();
  }
  void TearDown() override {
    disturbed_.reset();
    proxy_.reset();
  }

  /// Until it succeeds, as a reconciler does it. `errors` are those on the way.
  template <class Work>
  int attempts_of(Work work) {
    for (int attempt = 1; attempt <= 50; ++attempt) {
      if (work()) return attempt;
      ::poll(nullptr, 0, 20);
    }
    return 0;
  }
  bool create() {
    const auto done = disturbed_->create(bench_.spec(kA));
    if (!done) expect_transient(done.error());
    return done.has_value();
  }
  bool remove() {
    const auto done = disturbed_->remove(kA);
    if (!done) expect_transient(done.error());
    return done.has_value();
  }
  // What a reconciler would not try again, or would take for an answer, is a wrong thing to say.
  static void expect_transient(const Error& error) {
    EXPECT_TRUE(error.code == Code::ServiceUnavailable || error.code == Code::Timeout ||
                error.code == Code::Conflict)
        << error.message;
  }

  /// What the undisturbed driver sees, once it has noticed that its connection is gone.
  Result<Inventory> look_soon() {
    auto seen = bench_.driver().look();
    for (int i = 0; i < 50 && !seen; ++i) {
      ::poll(nullptr, 0, 100);
      seen = bench_.driver().look();
    }
    return seen;
  }
  void expect_one_machine() {
    const auto inventory = look_soon();
    ASSERT_TRUE(inventory) << inventory.error().message;
    ASSERT_EQ(inventory->machines.size(), 1u);
    EXPECT_FALSE(inventory->machines.front().incomplete);
    EXPECT_TRUE(inventory->foreign.empty());
    EXPECT_EQ(files().size(), 2u) << "boot disk and seed";
  }
  void expect_nothing() {
    const auto inventory = look_soon();
    ASSERT_TRUE(inventory) << inventory.error().message;
    EXPECT_TRUE(inventory->machines.empty());
    EXPECT_EQ(files(), std::set<std::string>());
  }
  void restart_daemon() {
    bench_.daemon().order("kill");
    bench_.daemon().order("start");
  }

  std::unique_ptr<SocketProxy> proxy_;
  std::shared_ptr<ProviderDriver> disturbed_;
};

TEST_F(LibvirtFaults, WhicheverReplyIsLostThereIsOneMachineAndThenNone) {
  ASSERT_TRUE(create());  // brings the image, which is nobody's
  ASSERT_TRUE(remove());
  int lost = 0;
  for (int nth = 1; nth < kCallsMax; ++nth) {
    proxy_->lose_reply(nth);
    ASSERT_NE(attempts_of([&] { return create(); }), 0) << "reply " << nth;
    const bool while_creating = proxy_->happened();
    expect_one_machine();
    ASSERT_NE(attempts_of([&] { return remove(); }), 0) << "reply " << nth;
    expect_nothing();
    if (!proxy_->happened()) break;
    lost += 1;
    if (HasFailure()) FAIL() << "reply " << nth << (while_creating ? " of create" : " of remove");
  }
  std::cout << "replies lost, one at a time: " << lost << "\n";
  EXPECT_GT(lost, 20);
  EXPECT_LT(lost, kCallsMax - 1) << "the last round went through untouched";
}

TEST_F(LibvirtFaults, WheneverTheDaemonDiesThereIsOneMachineAndThenNone) {
  ASSERT_TRUE(create());
  ASSERT_TRUE(remove());
  int died = 0;
  for (int nth = 1; nth < kCallsMax; nth += 4) {  // each takes a second: not at every call
    proxy_->before_call(nth, [&] { restart_daemon(); });
    ASSERT_NE(attempts_of([&] { return create(); }), 0) << "call " << nth;
    expect_one_machine();
    ASSERT_NE(attempts_of([&] { return remove(); }), 0) << "call " << nth;
    expect_nothing();
    if (!proxy_->happened()) break;
    died += 1;
    if (HasFailure()) FAIL() << "call " << nth;
  }
  std::cout << "daemon killed, one call at a time: " << died << "\n";
  EXPECT_GT(died, 5);
}

TEST_F(LibvirtFaults, ADaemonThatStopsInTheMiddleIsGivenUpAndFoundAgain) {
  const auto stopped_within = [&](int nth, const std::function<bool()>& work) {
    proxy_->before_call(nth, [&] { bench_.daemon().order("stop"); });
    EXPECT_FALSE(work()) << "nobody waits for ever";
    EXPECT_TRUE(proxy_->happened());
    bench_.daemon().order("cont");
    EXPECT_NE(attempts_of(work), 0);
  };
  stopped_within(8, [&] { return create(); });
  expect_one_machine();
  stopped_within(4, [&] {
    const auto done = disturbed_->resize(kA, 2, 64 * kMib);
    if (!done) expect_transient(done.error());
    return done.has_value();
  });
  EXPECT_EQ(observed().vcpus, 2);
  EXPECT_EQ(observed().memory_bytes, 64 * kMib);
  stopped_within(6, [&] { return remove(); });
  expect_nothing();
}

/// A small file system of its own, which the daemon sees after its next start.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1200k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(LibvirtReal, AFullDiskIsSaidAndWaitedForAndNothingIsLeftOfTheAttempt) {
  const std::string folder = bench_.daemon().directory() + "/small";
  const SmallDisk small(folder);
  if (!small.mounted()) GTEST_SKIP() << "no file system may be mounted here";
  bench_.daemon().order("kill");
  bench_.daemon().order("start");
  const std::string pool = "{\"classes\":[\"ssd\"],\"name\":\"charter\"";
  ASSERT_NE(bench_.settings.find(pool), std::string::npos) << bench_.settings;
  bench_.settings.replace(bench_.settings.find(pool), pool.size(),
                          "{\"classes\":[\"ssd\"],\"name\":\"small\"");
  bench_.settings.replace(bench_.settings.find(bench_.daemon().pool()),
                          bench_.daemon().pool().size(), folder);
  bench_.settings.replace(bench_.settings.find("\"storage\":\"4\""), 13, "\"storage\":\"999\"");
  const auto driver = bench_.open();
  const auto refused = driver->create(bench_.spec(kA));
  ASSERT_FALSE(refused) << "the image and a boot disk do not fit";
  EXPECT_EQ(refused.error().reason, "WaitForCapacity") << refused.error().message;
  EXPECT_EQ(refused.error().code, Code::TooManyRequests);
  const auto meanwhile = driver->observe(kA);
  ASSERT_TRUE(meanwhile);
  if (*meanwhile) {
    EXPECT_TRUE((*meanwhile)->incomplete);
  }
  ASSERT_TRUE(driver->remove(kA));
  size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    left += !entry.path().filename().string().starts_with("charter-image.");
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace charter
