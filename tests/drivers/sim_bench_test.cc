#include "tests/drivers/sim_bench.h"

#include "controller/base/check.h"

#include <cstdlib>
#include <filesystem>

// The simulated driver's bench, and the contract suite run on it.
namespace charter {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "charter-sim-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::filesystem::remove_all(path_);
}

SimBench::SimBench(const std::string& settings, const std::string& directory)
    : settings_(settings), worlds_(directory), driver_(open(settings)) {}

std::shared_ptr<ProviderDriver> SimBench::open(const std::string& settings) {
  const DriverFactory factory = simulated_driver_factory(worlds_, {.clock = &clock_, .pause = {}});
  auto driver = factory({.provider_uid = "p",
                         .provider_name = "p",
                         .driver = "simulated",
                         .settings = settings,
                         .can = can_});
  CHECK_MSG(driver, driver.error().message);
  return *driver;
}

void SimBench::add_foreign(const std::string& name, const std::string& uid) {
  CHECK(admin().add_foreign({.name = name, .uid = uid, .memory_bytes = kGiB}));
}

void SimBench::vanish(const std::string& uid) {
  CHECK(admin().undefine(uid));
}

MachineSpec SimBench::spec(const std::string& uid) {
  return {.uid = uid,
          .name = "ns/" + uid,
          .vcpus = 2,
          .memory_bytes = 2 * kGiB,
          .disk_bytes = 10 * kGiB,
          .disk_class = "ssd",
          .machine_class = "high-speed",
          .image_url = "https://images.example/open-linux.qcow2",
          .image_digest = "sha256:abc",
          .image_format = "qcow2",
          .networks = {"tenant", "backup"},
          .protection = {.tenant = "ns"},
          .user_data = "#cloud-config s3cret-user-data",
          .ssh_key = "ssh-ed25519 s3cret-key"};
}

SimAdmin SimBench::admin() {
  return SimAdmin(*worlds_.open("p"), clock_);
}

MachineState SimBench::observed(const std::string& uid) {
  const auto state = driver_->observe(uid);
  CHECK(state && *state);
  return **state;
}

namespace {

/// Keeps the directory as long as the bench that uses it.
class FileSimBench final : public DriverBench {
 public:
  ProviderDriver& driver() override { return bench_.driver(); }
  std::shared_ptr<ProviderDriver> reconnect() override { return bench_.reconnect(); }
  void settle() override { bench_.settle(); }
  void add_foreign(const std::string& name, const std::string& uid) override {
    bench_.add_foreign(name, uid);
  }
  void vanish(const std::string& uid) override { bench_.vanish(uid); }
  MachineSpec spec(const std::string& uid) override { return bench_.spec(uid); }

 private:
  TempDir directory_;
  SimBench bench_{kTwoHosts, directory_.path()};
};

INSTANTIATE_TEST_SUITE_P(SimulatedInMemory, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(new SimBench());
                         }));
INSTANTIATE_TEST_SUITE_P(SimulatedInAFile, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(new FileSimBench());
                         }));
// The same contract holds for an endpoint that cannot resize what runs.
INSTANTIATE_TEST_SUITE_P(SimulatedWithoutLiveResize, DriverContract, ::testing::Values([] {
                           std::string settings = kTwoHosts;
                           settings.insert(1, R"("liveResize":false,"latency":"100ms",)");
                           return std::unique_ptr<DriverBench>(new SimBench(settings));
                         }));

}  // namespace
}  // namespace charter
