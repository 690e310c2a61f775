#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/names.h"
#include "tests/drivers/libvirt_real.h"

#include <libvirt/libvirt.h>

#include <atomic>
#include <filesystem>
#include <poll.h>
#include <thread>

// What a host leaves behind that was interrupted, and that the driver gets over it without hands.
namespace charter {
namespace {

void wait_ms(int length) {
  ::poll(nullptr, 0, length);
}

/// Looks until this is so, or for long enough.
template <class Condition>
bool eventually(Condition is_so) {
  for (int i = 0; i < 600; ++i) {
    if (is_so()) return true;
    wait_ms(50);
  }
  return false;
}

class LibvirtRecovery : public LibvirtReal {
 protected:
  std::string status_file(const std::string& uid) {
    return bench_.daemon().directory() + "/host/run/qemu/" + libvirt::domain_name(uid) + ".xml";
  }
  libvirt::Domain domain_of(const std::string& uid) {
    return libvirt::Domain(virDomainLookupByUUIDString(bench_.hands(), uid.c_str()));
  }
  PowerState power_of(const std::string& uid) {
    const auto state = driver().observe(uid);
    return state && *state ? (*state)->power : PowerState::Paused;
  }

  /// True when the domain is one that its host takes for starting for ever.
  bool is_wedged(const std::string& uid) {
    int state = 0, reason = 0;
    return virDomainGetState(domain_of(uid).get(), &state, &reason, 0) == 0 &&
           state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_STARTING_UP;
  }

  /// Kills the daemon in the middle of a start, as often as it takes for the domain to be wedged:
  /// the window is ten milliseconds.
  bool wedge(const std::string& uid) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      std::thread starting([&] { driver().set_power(uid, PowerState::On).has_value(); });
      for (int i = 0; i < 20'000 && !std::filesystem::exists(status_file(uid)); ++i)
        std::this_thread::yield();
      bench_.daemon().order("kill");
      starting.join();
      bench_.daemon().order("start");
      bench_.reconnect_hands();
      if (is_wedged(uid)) return true;
      virDomainDestroy(domain_of(uid).get());
    }
    return false;
  }
};

/// Hints at machine kA so far.
class HintCount {
 public:
  explicit HintCount(ProviderDriver& driver) : driver_(driver) {
    driver_.on_hint([this](const std::string& uid) { count_ += uid == kA ? 1 : 0; });
  }
  ~HintCount() { driver_.on_hint({}); }
  HintCount(const HintCount&) = delete;
  HintCount& operator=(const HintCount&) = delete;
  int count() const { return count_; }

 private:
  ProviderDriver& driver_;
  std::atomic<int> count_{0};
};

TEST_F(LibvirtRecovery, AStartThatFailsHintsAtNothingSoNobodyTriesAgainAtOnce) {
  ASSERT_TRUE(driver().create(bench_.spec(kA)));
  const auto disk = files("charter-boot.");
  ASSERT_EQ(disk.size(), 1U);
  std::filesystem::rename(path(*disk.begin()), path("away"));
  const HintCount hints(driver());
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(driver().set_power(kA, PowerState::On));
  wait_ms(500);
  EXPECT_EQ(hints.count(), 0);
  std::filesystem::rename(path("away"), path(*disk.begin()));
  ASSERT_TRUE(driver().set_power(kA, PowerState::On));
  EXPECT_TRUE(eventually([&] { return hints.count() > 0; })) << "one that succeeds is news";
  bench_.settle();
  EXPECT_EQ(observed().power, PowerState::On);
}

// Two at a time, because libvirt needs half a minute to say that it does not let go of one.
TEST_F(LibvirtRecovery, MachinesWhoseStartsWereCutOffRunAgainOrGoThoughTheirDomainsNeverWill) {
  for (const char* uid : {kA, kB}) {
    ASSERT_TRUE(driver().create(bench_.spec(uid)));
    ASSERT_TRUE(wedge(uid));
  }
  for (const char* uid : {kA, kB}) {
    ASSERT_TRUE(eventually([&] { return power_of(uid) == PowerState::Crashed; }))
        << "what starts for so long does not run";
  }
  std::thread removing([&] { EXPECT_TRUE(driver().remove(kB)); });
  EXPECT_TRUE(driver().set_power(kA, PowerState::On)) << "makes another domain";
  removing.join();
  const auto gone = driver().observe(kB);
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
  EXPECT_EQ(files().size(), 2U) << "boot disk and seed of the other";

  EXPECT_EQ(observed().power, PowerState::Off);
  ASSERT_TRUE(driver().set_power(kA, PowerState::On));
  ASSERT_TRUE(eventually([&] { return count_of(bench_.console(kA), "GUEST-MARKER") == 1; }));
  const MachineState state = observed();
  EXPECT_EQ(state.power, PowerState::On);
  EXPECT_EQ(state.uid, kA);
  EXPECT_NE(state.external_id, kA);
  EXPECT_TRUE(driver().create(bench_.spec(kA))) << "it is the machine that was asked for";
  auto inventory = driver().look();
  ASSERT_TRUE(inventory);
  EXPECT_EQ(inventory->machines.size(), 1u);
  const std::vector<std::string> given_up = {libvirt::domain_name(kA), libvirt::domain_name(kB)};
  EXPECT_EQ(inventory->foreign, given_up);

  // What a restart of the host does: the status files are gone when the daemon comes.
  bench_.daemon().order("kill");
  for (const char* uid : {kA, kB})
    std::filesystem::remove(status_file(uid));
  bench_.daemon().order("start");
  ASSERT_TRUE(eventually([&] { return driver().look().has_value(); }));
  inventory = driver().look();
  ASSERT_TRUE(inventory);
  EXPECT_EQ(inventory->foreign, std::vector<std::string>()) << "the host has let go of them";
  EXPECT_EQ(inventory->machines.size(), 1u);
  EXPECT_EQ(observed().power, PowerState::On) << "nothing happened to its substitute";
  ASSERT_TRUE(driver().remove(kA));
  EXPECT_EQ(files(), std::set<std::string>());
  bench_.reconnect_hands();
  EXPECT_EQ(virConnectNumOfDefinedDomains(bench_.hands()), 0);
}

TEST_F(LibvirtRecovery, SinceWhenAMachineIsOffIsKnownWhileWeListen) {
  run_machine();
  EXPECT_EQ(observed().power_since_s, 0);
  const int64_t before = SystemClock().now().time_since_epoch() / std::chrono::seconds(1);
  ASSERT_EQ(virDomainDestroy(domain().get()), 0);
  ASSERT_TRUE(eventually([&] { return observed().power_since_s != 0; }));
  EXPECT_GE(observed().power_since_s, before);
  EXPECT_LE(observed().power_since_s, before + 5);
  const auto other = bench_.reconnect();
  EXPECT_EQ((*other->observe(kA))->power_since_s, 0) << "who did not listen does not know";
}

TEST_F(LibvirtRecovery, AnOutageIsLoggedOnceAndSoIsItsEnd) {
  bench_.daemon().order("kill");
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(driver().look());
  bench_.daemon().order("start");
  EXPECT_TRUE(driver().look());
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(count_of(said, "the host cannot be connected to"), 1u) << said;
  EXPECT_EQ(count_of(said, "the host answers again"), 1u) << said;
  EXPECT_LE(count_of(said, "call failed"), 1u) << "by whom the outage was noticed: " << said;
}

}  // namespace
}  // namespace charter
