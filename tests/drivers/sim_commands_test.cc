#include "drivers/simulated/sim_commands.h"

#include "drivers/simulated/sim_driver.h"
#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <sstream>

// `charter sim …` as typed, against a world on disk.
namespace charter {
namespace {

/// A server's data directory with one provider, and a terminal.
class Terminal {
 public:
  Terminal() : worlds_(directory_.path() + "/sim") {
    const auto factory = simulated_driver_factory(worlds_, {.clock = &clock_, .pause = {}});
    driver_ = *factory(
        {.provider_uid = "u", .provider_name = "p", .driver = "simulated", .settings = kTwoHosts});
    EXPECT_TRUE(driver_->create(
        {.uid = "u1", .name = "shop/m0", .vcpus = 4, .memory_bytes = 8, .disk_bytes = 1}));
  }

  int type(const std::string& name, std::vector<std::string> words = {},
           const std::map<std::string, std::string>& flags = {}) {
    out_.str("");
    err_.str("");
    for (const Command& command : sim_commands(out_, err_, clock_)) {
      if (command.name != "sim " + name) continue;
      CommandInput input{.flags = {}, .words = std::move(words)};
      for (const CommandFlag& flag : command.flags)
        input.flags[flag.name] = flag.fallback;
      input.flags["data-dir"] = directory_.path();
      for (const auto& [flag, value] : flags)
        input.flags[flag] = value;
      return command.run(input);
    }
    ADD_FAILURE() << "no such command: " << name;
    return -1;
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  std::optional<MachineState> machine() { return *driver_->observe("u1"); }

 private:
  TempDir directory_;
  ManualClock clock_{Instant(std::chrono::seconds(1'780'000'000))};
  SimWorlds worlds_;
  std::shared_ptr<ProviderDriver> driver_;
  std::ostringstream out_, err_;
};

TEST(SimCommands, ListsShowWhatIsThere) {
  Terminal terminal;
  EXPECT_EQ(terminal.type("list"), 0);
  EXPECT_NE(terminal.out().find("shop/m0"), std::string::npos) << terminal.out();
  EXPECT_EQ(terminal.type("hosts"), 0);
  EXPECT_NE(terminal.out().find("h2"), std::string::npos);
  EXPECT_EQ(terminal.type("calls", {"u1"}), 0);
  EXPECT_NE(terminal.out().find("create"), std::string::npos);
  EXPECT_EQ(terminal.type("volumes"), 0);
}

TEST(SimCommands, ChangesReachTheDriverOfAnotherOwner) {
  Terminal terminal;
  EXPECT_EQ(terminal.type("edit", {"shop/m0"}, {{"vcpus", "1"}}), 0) << terminal.err();
  EXPECT_EQ(terminal.machine()->vcpus, 1);
  EXPECT_EQ(terminal.type("add-foreign", {"theirs"}), 0) << terminal.err();
  EXPECT_EQ(terminal.type("undefine", {"shop/m0"}), 0) << terminal.err();
  EXPECT_FALSE(terminal.machine());
  EXPECT_EQ(terminal.type("host-down", {"h1"}), 0);
  EXPECT_EQ(terminal.type("host-up", {"h1"}), 0);
}

TEST(SimCommands, VerifyProvesThatNothingExistedTwice) {
  Terminal terminal;
  EXPECT_EQ(terminal.type("verify"), 0) << terminal.out();
  EXPECT_NE(terminal.out().find("1 things ever made, 1 there now"), std::string::npos);
}

TEST(SimCommands, WrongUsageIsToldFromFailure) {
  Terminal terminal;
  EXPECT_EQ(terminal.type("kill"), 2);
  EXPECT_EQ(terminal.type("edit", {"shop/m0"}), 2);
  EXPECT_EQ(terminal.type("edit", {"shop/m0"}, {{"vcpus", "many"}}), 2);
  EXPECT_EQ(terminal.type("kill", {"no-such-machine"}), 1);
  EXPECT_EQ(terminal.type("list", {}, {{"provider", "q"}}), 1);
  EXPECT_NE(terminal.err().find("charter sim: "), std::string::npos);
}

}  // namespace
}  // namespace charter
