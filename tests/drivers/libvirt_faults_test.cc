#include "drivers/libvirt/names.h"
#include "tests/drivers/libvirt_real.h"
#include "tests/drivers/socket_proxy.h"

#include <libvirt/libvirt.h>
#include <nlohmann/json.hpp>

#include <barrier>
#include <filesystem>
#include <functional>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/mount.h>
#include <thread>
#include <vector>

// Replies that are lost, a daemon that stops or dies in the middle of anything, and a full disk:
// each time exactly one machine, nothing left over, a clear error, and nobody has to put anything
// right.
namespace charter {
namespace {

constexpr int kCallsMax = 400;
constexpr const char* kC = "0f3c1c4e-53a1-4c8e-9d50-000000000003";

/// Until it succeeds, as a reconciler does it; the number of attempts, 0 for none that succeeded.
template <class Work>
int attempts_of(Work work) {
  for (int attempt = 1; attempt <= 100; ++attempt) {
    if (work()) return attempt;
    ::poll(nullptr, 0, 20);
  }
  return 0;
}

class LibvirtFaults : public LibvirtReal {
 protected:
  void SetUp() override {
    LibvirtReal::SetUp();
    if (IsSkipped()) return;
    proxy_ = proxy_for_another();
    disturbed_ = bench_.open();
  }
  void TearDown() override {
    disturbed_.reset();
    proxy_.reset();
  }

  /// A proxy of its own for the next driver that is opened.
  std::unique_ptr<SocketProxy> proxy_for_another() {
    const std::string folder = bench_.daemon().directory();
    auto proxy = std::make_unique<SocketProxy>(folder + "/proxy-" + std::to_string(++proxies_),
                                               folder + "/host/run/libvirt-sock");
    auto settings = nlohmann::json::parse(bench_.settings);
    settings["uri"] = "qemu+unix:///system?socket=" + proxy->path();
    bench_.settings = settings.dump();
    return proxy;
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

  int proxies_ = 0;
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

// One machine is being made, one resized and one removed when the daemon stops: it is given up
// after the same time by all three.
TEST_F(LibvirtFaults, ADaemonThatStopsInTheMiddleIsGivenUpAndFoundAgain) {
  struct Part {
    std::function<Status(ProviderDriver&)> work;
    int nth;  ///< call of the work before which the daemon stops
    std::unique_ptr<SocketProxy> proxy = {};
    std::shared_ptr<ProviderDriver> driver = {};
    Status done = {};
  };
  std::vector<Part> parts;
  parts.push_back({[&](auto& driver) { return driver.create(bench_.spec(kA)); }, 8});
  parts.push_back({[&](auto& driver) -> Status {
                     CHARTER_TRY(driver.resize(kB, 2, 64 * kMib));
                     return {};
                   },
                   4});
  parts.push_back({[&](auto& driver) { return driver.remove(kC); }, 6});
  for (const char* uid : {kB, kC})
    ASSERT_TRUE(driver().create(bench_.spec(uid)));
  std::barrier middle(3, [&]() noexcept { bench_.daemon().order("stop"); });
  for (Part& part : parts) {
    part.proxy = proxy_for_another();
    part.driver = bench_.open();
    part.proxy->before_call(part.nth, [&] { middle.arrive_and_wait(); });
  }
  std::vector<std::thread> threads;
  for (Part& part : parts) {
    threads.emplace_back([&] {
      part.done = part.work(*part.driver);
      if (!part.proxy->happened()) middle.arrive_and_drop();
    });
  }
  for (auto& thread : threads)
    thread.join();
  bench_.daemon().order("cont");
  for (Part& part : parts) {
    EXPECT_TRUE(part.proxy->happened());
    ASSERT_FALSE(part.done) << "nobody waits for ever";
    expect_transient(part.done.error());
    const auto again = [&] {
      const Status done = part.work(*part.driver);
      if (!done) expect_transient(done.error());
      return done.has_value();
    };
    EXPECT_NE(attempts_of(again), 0);
    part.driver.reset();
  }
  const auto inventory = look_soon();
  ASSERT_TRUE(inventory) << inventory.error().message;
  ASSERT_EQ(inventory->machines.size(), 2U);
  EXPECT_EQ(inventory->machines[0].uid, kA);
  EXPECT_FALSE(inventory->machines[0].incomplete);
  EXPECT_EQ(inventory->machines[1].uid, kB);
  EXPECT_EQ(inventory->machines[1].vcpus, 2);
  EXPECT_EQ(inventory->machines[1].memory_bytes, 64 * kMib);
  EXPECT_TRUE(inventory->foreign.empty());
  EXPECT_EQ(files().size(), 4U) << "a boot disk and a seed of two machines, nothing of the third";
}

/// A small file system of its own, which the daemon sees after its next start.
class SmallDisk {
 public:
  SmallDisk(std::string path, const char* size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  bool has_room_for(const char* size) const {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, size) == 0;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

/// A host whose pool lies on such a file system.
class LibvirtSmall : public LibvirtReal {
 protected:
  /// False where nothing may be mounted.
  bool open_on(const char* size) {
    folder_ = bench_.daemon().directory() + "/small";
    disk_ = std::make_unique<SmallDisk>(folder_, size);
    if (!disk_->mounted()) return false;
    bench_.daemon().order("kill");
    bench_.daemon().order("start");
    auto settings = nlohmann::json::parse(bench_.settings);
    settings["storagePools"][0]["name"] = "small";
    settings["storagePools"][0]["path"] = folder_;
    settings["overcommit"]["storage"] = "999";
    bench_.settings = settings.dump();
    small_ = bench_.open();
    return true;
  }
  void TearDown() override {
    small_.reset();
    disk_.reset();
  }

  std::string folder_;
  std::unique_ptr<SmallDisk> disk_;
  std::shared_ptr<ProviderDriver> small_;
};

TEST_F(LibvirtSmall, AMachineThatItsHostPausedSaysWhyAndGoesOnOnceThereIsRoom) {
  if (!open_on("size=2600k")) GTEST_SKIP() << "no file system may be mounted here";
  const auto image = bench_.images().import_file(bench_.daemon().writer(), "");
  ASSERT_TRUE(image) << image.error().message;
  MachineSpec spec = bench_.spec(kA);
  spec.image_digest = image->digest;
  ASSERT_TRUE(small_->create(spec));
  ASSERT_TRUE(small_->set_power(kA, PowerState::On));
  const auto is = [&](PowerState power) {
    const auto state = small_->observe(kA);
    return state && *state && (*state)->power == power;
  };
  ASSERT_NE(attempts_of([&] { return is(PowerState::Paused); }), 0) << bench_.console(kA);
  for (int i = 0; i < 2; ++i) {
    const auto refused = small_->set_power(kA, PowerState::On);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::TooManyRequests);
    EXPECT_EQ(refused.error().reason, "WaitForCapacity");
    EXPECT_NE(refused.error().message.find("storage is full (vda)"), std::string::npos)
        << refused.error().message;
  }
  ASSERT_TRUE(disk_->has_room_for("size=16m"));
  ASSERT_TRUE(small_->set_power(kA, PowerState::On));
  ASSERT_NE(attempts_of([&] { return count_of(bench_.console(kA), "GUEST-WROTE") == 1; }), 0)
      << bench_.console(kA);
  EXPECT_TRUE(is(PowerState::On));
  ASSERT_TRUE(small_->remove(kA));
}

TEST_F(LibvirtSmall, AFullDiskIsSaidAndWaitedForAndNothingIsLeftOfTheAttempt) {
  if (!open_on("size=1200k")) GTEST_SKIP() << "no file system may be mounted here";
  const auto refused = small_->create(bench_.spec(kA));
  ASSERT_FALSE(refused) << "the image and a boot disk do not fit";
  EXPECT_EQ(refused.error().reason, "WaitForCapacity") << refused.error().message;
  EXPECT_EQ(refused.error().code, Code::TooManyRequests);
  const auto meanwhile = small_->observe(kA);
  ASSERT_TRUE(meanwhile);
  if (*meanwhile) {
    EXPECT_TRUE((*meanwhile)->incomplete);
  }
  ASSERT_TRUE(small_->remove(kA));
  size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    left += !entry.path().filename().string().starts_with("charter-image.");
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace charter
