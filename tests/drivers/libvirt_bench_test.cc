#include "tests/drivers/libvirt_bench.h"

#include "controller/base/check.h"
#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/libvirt_driver.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"

#include <libvirt/libvirt.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <poll.h>
#include <set>

// The benches of libvirt, and the contract suite run on them.
namespace charter {
namespace {

constexpr int64_t kMib = 1 << 20;
constexpr const char* kProviderUid = "5b0d8f0e-0000-4000-8000-0000000000aa";
constexpr auto kPatience = std::chrono::seconds(30);

void wait_ms(int length) {
  ::poll(nullptr, 0, length);
}

std::string settings_of(const std::string& uri, const std::string& pool,
                        const std::string& consoles) {
  nlohmann::json tree = {
      {"uri", uri},
      {"storagePools", {{{"name", "charter"}, {"path", pool}, {"classes", {"ssd"}}}}},
      {"networks",
       {{{"name", "tenant"}, {"mode", "User"}}, {{"name", "backup"}, {"mode", "User"}}}},
      {"acceleration", "TCG"},
      {"stopTimeout", "8s"},
      {"overcommit", {{"vcpus", "64"}, {"storage", "4"}}}};
  if (!consoles.empty()) {
    tree["storagePools"].push_back(
        {{"name", "consoles"}, {"path", consoles}, {"classes", {"console"}}});
    tree["consolePool"] = "consoles";
  }
  return tree.dump();
}

std::string uri_for(const PrivateLibvirtd& daemon, Way way) {
  if (way == Way::Tls) return daemon.tls_uri();
  return way == Way::Ssh ? daemon.ssh_uri() : daemon.uri();
}

Credentials credentials_for(const PrivateLibvirtd& daemon, Way way) {
  if (way == Way::Socket) return {};
  if (way == Way::Ssh) {
    return {{"ssh-privatekey", daemon.ssh_file("key")},
            {"known_hosts", daemon.ssh_file("known_host")}};
  }
  return {{"ca.crt", daemon.tls_file("ca.pem")},
          {"tls.crt", daemon.tls_file("client.pem")},
          {"tls.key", daemon.tls_file("client.key")}};
}

}  // namespace

size_t count_of(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

void LibvirtBench::connect(const std::string& uri) {
  auto opened = libvirt::open_connection({uri, {}});
  CHECK_MSG(opened, opened.error().message);
  hands_ = *std::move(opened);
}

std::string LibvirtBench::owner() const {
  return libvirt::owner_of(kProviderUid);
}

std::string LibvirtBench::provider_uid() const {
  return kProviderUid;
}

Result<std::shared_ptr<ProviderDriver>> LibvirtBench::try_open() {
  return libvirt::libvirt_driver_factory(images_, clock_)({.provider_uid = kProviderUid,
                                                           .provider_name = "p",
                                                           .driver = "libvirt",
                                                           .settings = settings,
                                                           .can = {},
                                                           .credentials = credentials});
}

std::shared_ptr<ProviderDriver> LibvirtBench::open() {
  auto driver = try_open();
  CHECK_MSG(driver, driver.error().message);
  return *driver;
}

void LibvirtBench::add_foreign(const std::string& name, const std::string& uid) {
  const std::string xml = "<domain type='" + domain_type_ + "'><name>" + name + "</name><uuid>" +
                          uid + "</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>" +
                          "<os><type>hvm</type></os></domain>";
  const libvirt::Domain domain(virDomainDefineXML(hands(), xml.c_str()));
  CHECK(domain != nullptr);
  CHECK(virDomainCreate(domain.get()) == 0);
}

void LibvirtBench::vanish(const std::string& uid) {
  const libvirt::Domain domain(virDomainLookupByUUIDString(hands(), uid.c_str()));
  CHECK(domain != nullptr);
  virDomainDestroy(domain.get());
  CHECK(virDomainUndefineFlags(domain.get(), VIR_DOMAIN_UNDEFINE_MANAGED_SAVE) == 0);
  for (const auto& name : {libvirt::boot_name(owner(), uid), libvirt::seed_name(owner(), uid)})
    CHECK(libvirt::delete_volume(hands(), "charter", name, libvirt::Wipe::Discard));
}

MachineSpec LibvirtBench::spec(const std::string& uid) {
  return {.uid = uid,
          .name = "ns/" + uid,
          .vcpus = 1,
          .memory_bytes = 32 * kMib,
          .disk_bytes = 4 * kMib,
          .disk_class = "ssd",
          .machine_class = "high-speed",
          .image_url = "https://images.example/micro.raw",
          .image_digest = digest_,
          .image_format = "raw",
          .networks = {"tenant", "backup"},
          .protection = {.tenant = "ns"},
          .user_data = "#cloud-config\n",
          .ssh_key = "ssh-ed25519 AAAA someone"};
}

TestHypervisorBench::TestHypervisorBench() : LibvirtBench("/nonexistent") {
  connect("test:///default");
  domain_type_ = "test";
  const libvirt::Domain first(virDomainLookupByName(hands(), "test"));  // it comes with one
  CHECK(first != nullptr);
  virDomainDestroy(first.get());
  CHECK(virDomainUndefine(first.get()) == 0);
  settings = settings_of("test:///default", "/charter-test", "");
  driver_ = open();
  // It takes no uploads, so the image is there already.
  const std::string hex(64, 'a');
  digest_ = "sha256:" + hex;
  for (const auto& name : {libvirt::image_name(hex, "raw"), libvirt::image_mark_name(hex, "raw")}) {
    CHECK(libvirt::make_volume(hands(), "charter", {.name = name, .format = "raw", .bytes = kMib}));
  }
}

MachineSpec TestHypervisorBench::spec(const std::string& uid) {
  MachineSpec spec = LibvirtBench::spec(uid);
  spec.user_data.clear();
  spec.ssh_key.clear();
  return spec;
}

RealHypervisorBench::RealHypervisorBench(HostNetwork network, Way way)
    : RealHypervisorBench(std::make_unique<LibvirtdLease>(
                              network, way == Way::Socket ? HostAccess::Local : HostAccess::Remote),
                          way) {}

RealHypervisorBench::RealHypervisorBench(std::unique_ptr<LibvirtdLease> lease, Way way)
    : LibvirtBench((*lease)->directory() + "/images"), lease_(std::move(lease)) {
  if (!absent().empty()) return;
  connect(daemon().uri());
  domain_type_ = "qemu";
  const auto image = images_.import_file(daemon().guest(), "");
  CHECK_MSG(image, image.error().message);
  digest_ = image->digest;
  credentials = credentials_for(daemon(), way);
  settings = settings_of(uri_for(daemon(), way), daemon().pool(), daemon().consoles());
  driver_ = open();
}

std::string RealHypervisorBench::console(const std::string& uid) const {
  std::ifstream file((*lease_)->consoles() + "/" + libvirt::console_name(owner(), uid));
  return {std::istreambuf_iterator<char>(file), {}};
}

// A guest that had not booted when its button was pressed does not know of it: like a reconciler,
// whoever waits asks again.
bool RealHypervisorBench::is_settled(const std::string& uid, std::set<std::string>& stopping) {
  const auto state = driver_->observe(uid);
  if (!state || !*state) return true;
  const PowerState power = (*state)->power;
  if (power == PowerState::Stopping) stopping.insert(uid);
  if (power == PowerState::On && stopping.contains(uid)) {
    EXPECT_TRUE(driver_->set_power(uid, PowerState::Off));
    return false;
  }
  if (power != PowerState::On) return !stopping.contains(uid) || power == PowerState::Off;
  const std::string said = console(uid);
  return count_of(said, "GUEST-MARKER") > count_of(said, "GUEST-ACPI-POWEROFF");
}

void RealHypervisorBench::settle() {
  std::set<std::string> stopping;
  const Duration end = clock_.monotonic() + kPatience;
  while (clock_.monotonic() < end) {
    const auto inventory = driver_->look();
    ASSERT_TRUE(inventory);
    bool settled = true;
    for (const auto& machine : inventory->machines)
      settled = is_settled(machine.uid, stopping) && settled;
    if (settled) return;
    wait_ms(50);
  }
  FAIL() << "machines are still on their way";
}

namespace {

INSTANTIATE_TEST_SUITE_P(LibvirtTestHypervisor, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(new TestHypervisorBench());
                         }));
INSTANTIATE_TEST_SUITE_P(LibvirtRealHypervisor, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(new RealHypervisorBench());
                         }));
INSTANTIATE_TEST_SUITE_P(LibvirtOverTls, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(
                               new RealHypervisorBench(HostNetwork::Shared, Way::Tls));
                         }));
INSTANTIATE_TEST_SUITE_P(LibvirtOverSsh, DriverContract, ::testing::Values([] {
                           return std::unique_ptr<DriverBench>(
                               new RealHypervisorBench(HostNetwork::Shared, Way::Ssh));
                         }));

}  // namespace
}  // namespace charter
