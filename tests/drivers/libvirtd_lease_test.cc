#include "tests/drivers/libvirtd_lease.h"

#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/handle.h"
#include "tests/drivers/libvirt_real.h"

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace charter {
namespace {

namespace fs = std::filesystem;

/// Daemons that wait for the next test: at most one that everybody can reach, or one that is local.
std::unique_ptr<PrivateLibvirtd>& idle() {
  static std::unique_ptr<PrivateLibvirtd> daemon;
  return daemon;
}

std::unique_ptr<PrivateLibvirtd> take(HostNetwork network, HostAccess access) {
  if (network == HostNetwork::Own) return std::make_unique<PrivateLibvirtd>(network, access);
  auto known = std::move(idle());
  const bool is_remote = known && !known->tls_uri().empty();
  if (known && (is_remote || access == HostAccess::Local)) return known;
  known.reset();
  return std::make_unique<PrivateLibvirtd>(network, access);
}

/// Calls `work` with each of what `list` gives, and frees the list.
template <class Handle, class List, class Work>
bool each(List list, Work work) {
  Handle* found = nullptr;
  const int count = list(&found);
  bool good = count >= 0;
  for (int i = 0; i < count; ++i)
    good = work(found[i]) && good;
  std::free(found);
  return good;
}

bool end(virDomainPtr raw) {
  const libvirt::Domain domain(raw);
  virDomainDestroy(domain.get());
  return virDomainIsPersistent(domain.get()) != 1 ||
         virDomainUndefineFlags(domain.get(), VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                                  VIR_DOMAIN_UNDEFINE_NVRAM |
                                                  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA) == 0;
}

bool end(virStoragePoolPtr raw) {
  const libvirt::Pool pool(raw);
  virStoragePoolDestroy(pool.get());
  return virStoragePoolIsPersistent(pool.get()) != 1 || virStoragePoolUndefine(pool.get()) == 0;
}

bool is_without_networks(virConnectPtr connection) {
  return virConnectNumOfNetworks(connection) == 0 &&
         virConnectNumOfDefinedNetworks(connection) == 0;
}

void empty_folder(const fs::path& folder, const std::string& but = "") {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != but) fs::remove_all(entry.path());
}

/// False when something is left that the next test could see.
bool clear(const PrivateLibvirtd& daemon) {
  const auto opened = libvirt::open_connection({daemon.uri(), {}});
  if (!opened) return false;
  virConnectPtr connection = opened->get();
  const bool domains = each<virDomainPtr>(
      [&](virDomainPtr** all) { return virConnectListAllDomains(connection, all, 0); },
      [](virDomainPtr one) { return end(one); });
  const bool pools = each<virStoragePoolPtr>(
      [&](virStoragePoolPtr** all) { return virConnectListAllStoragePools(connection, all, 0); },
      [](virStoragePoolPtr one) { return end(one); });
  empty_folder(daemon.pool());
  empty_folder(daemon.consoles());
  empty_folder(daemon.directory(), "host");
  return domains && pools && is_without_networks(connection) &&
         virConnectNumOfDomains(connection) == 0 && virConnectNumOfDefinedDomains(connection) == 0;
}

}  // namespace

LibvirtdLease::LibvirtdLease(HostNetwork network, HostAccess access)
    : network_(network), daemon_(take(network, access)) {}

LibvirtdLease::~LibvirtdLease() {
  const bool as_new = network_ == HostNetwork::Shared && daemon_->absent().empty() &&
                      !daemon_->was_ordered() && !::testing::Test::HasFailure();
  if (as_new && clear(*daemon_)) idle() = std::move(daemon_);
}

namespace {

TEST(LibvirtdLease, TheNextTestFindsNothingOfTheOneBefore) {
  std::string first;
  {
    RealHypervisorBench bench;
    if (!bench.absent().empty()) GTEST_SKIP() << bench.absent();
    first = bench.daemon().directory();
    ASSERT_TRUE(bench.driver().create(bench.spec(kA)));
    ASSERT_TRUE(bench.driver().set_power(kA, PowerState::On));
    ASSERT_TRUE(bench.driver().create_volume({.uid = kDisk, .name = "d", .size_bytes = kMib}));
    std::ofstream(bench.daemon().directory() + "/left") << "something";
  }
  const LibvirtdLease next(HostNetwork::Shared, HostAccess::Local);
  EXPECT_EQ(next->directory(), first);
  EXPECT_TRUE(fs::is_empty(next->pool()));
  EXPECT_TRUE(fs::is_empty(next->consoles()));
  EXPECT_FALSE(fs::exists(next->directory() + "/left"));
  const auto connection = libvirt::open_connection({next->uri(), {}});
  ASSERT_TRUE(connection);
  EXPECT_EQ(virConnectNumOfDomains(connection->get()), 0);
  EXPECT_EQ(virConnectNumOfDefinedDomains(connection->get()), 0);
  EXPECT_EQ(virConnectNumOfStoragePools(connection->get()), 0);
  EXPECT_EQ(virConnectNumOfDefinedStoragePools(connection->get()), 0);
}

TEST(LibvirtdLease, ADaemonThatGotOrdersIsEnded) {
  std::string first;
  {
    const LibvirtdLease lease(HostNetwork::Shared, HostAccess::Local);
    if (!lease->absent().empty()) GTEST_SKIP() << lease->absent();
    first = lease->directory();
    lease->order("stop");
    lease->order("cont");
  }
  EXPECT_FALSE(fs::exists(first));
  const LibvirtdLease next(HostNetwork::Shared, HostAccess::Local);
  EXPECT_NE(next->directory(), first);
}

}  // namespace
}  // namespace charter
