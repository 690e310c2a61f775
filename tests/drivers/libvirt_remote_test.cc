#include "drivers/libvirt/address.h"
#include "drivers/libvirt/connection.h"
#include "tests/drivers/libvirt_real.h"

#include <libvirt/libvirt.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <poll.h>
#include <set>
#include <string>

// Hypervisors elsewhere: what is refused and in which words. What they do is the contract suite's
// matter (libvirt_bench_test.cc), on the same daemon.
namespace charter {
namespace {

using libvirt::Address;
using libvirt::check_credentials;

constexpr const char* kTlsUri = "qemu+tls://host/system";
constexpr const char* kSshUri = "qemu+ssh://u@host/system";

std::string pem(const std::string& kind, const std::string& body = "AAAA") {
  return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
}

/// The message of what is wrong with these credentials, all of which are InvalidCredentials.
std::string problem(const std::string& uri, const Credentials& credentials) {
  const auto checked = check_credentials({uri, credentials});
  if (checked) return "";
  EXPECT_EQ(checked.error().reason, kInvalidCredentials);
  EXPECT_EQ(checked.error().code, Code::ServiceUnavailable) << "it is looked at again";
  return checked.error().message;
}

TEST(LibvirtCredentials, WhatIsMissingOrUnusableIsNamedByItsKeyAndNotByItsValue) {
  const Credentials tls = {{"ca.crt", pem("CERTIFICATE")},
                           {"tls.crt", pem("CERTIFICATE")},
                           {"tls.key", pem("PRIVATE KEY")}};
  const Credentials ssh = {{"ssh-privatekey", pem("RSA PRIVATE KEY")},
                           {"known_hosts", "# ours\nhost ssh-ed25519 AAAA\n"}};
  EXPECT_EQ(problem(kTlsUri, tls), "");
  EXPECT_EQ(problem(kSshUri, ssh), "");
  EXPECT_EQ(problem("qemu:///system", {}), "");
  for (const auto& [uri, good] : {std::pair(kTlsUri, tls), std::pair(kSshUri, ssh)}) {
    for (const auto& [key, value] : good) {
      Credentials bad = good;
      bad.erase(key);
      EXPECT_EQ(problem(uri, bad), "spec.credentialsRef: " + key + " of the Secret is missing");
      bad[key] = "";
      EXPECT_EQ(problem(uri, bad), "spec.credentialsRef: " + key + " of the Secret is missing");
      bad[key] = std::string(64 * 1024 + 1, 'x');
      EXPECT_NE(problem(uri, bad).find("65536 bytes"), std::string::npos);
      if (key == "known_hosts") continue;
      bad[key] = "hunter2";
      EXPECT_NE(problem(uri, bad).find(key + " of the Secret is no "), std::string::npos);
      EXPECT_EQ(problem(uri, bad).find("hunter2"), std::string::npos);
    }
  }
  Credentials nobody = ssh;
  nobody["known_hosts"] = "\n  # a comment\n\r\n";
  EXPECT_NE(problem(kSshUri, nobody).find("names no host"), std::string::npos);
}

TEST(LibvirtCredentials, AKeyWithAPassphraseIsRefusedInEachOfItsForms) {
  const std::string traditional = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA";
  // "openssh-key-v1", then the length and name of the cipher: aes256-ctr, and none.
  const std::string locked = "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHI=";
  const std::string open = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==";
  const auto said = [&](const std::string& key) {
    return problem(kSshUri, {{"ssh-privatekey", key}, {"known_hosts", "host ssh-rsa A"}});
  };
  EXPECT_NE(said(pem("ENCRYPTED PRIVATE KEY")).find("passphrase"), std::string::npos);
  EXPECT_NE(said(pem("RSA PRIVATE KEY", traditional)).find("passphrase"), std::string::npos);
  EXPECT_NE(said(pem("OPENSSH PRIVATE KEY", locked)).find("passphrase"), std::string::npos);
  EXPECT_EQ(said(pem("OPENSSH PRIVATE KEY", open)), "");
}

/// A daemon that is reached over TLS and SSH, and no driver yet.
class LibvirtRemote : public ::testing::Test {
 protected:
  LibvirtRemote() : lease_(HostNetwork::Shared, HostAccess::Remote), daemon_(*lease_) {}
  void SetUp() override {
    if (!daemon_.absent().empty()) GTEST_SKIP() << daemon_.absent();
  }
  Address tls(const std::string& authority, const std::string& certificate,
              const std::string& key) const {
    return {daemon_.tls_uri(),
            {{"ca.crt", daemon_.tls_file(authority + ".pem")},
             {"tls.crt", daemon_.tls_file(certificate + ".pem")},
             {"tls.key", daemon_.tls_file(key + ".key")}}};
  }
  Address ssh(const std::string& key, const std::string& hosts) const {
    return {daemon_.ssh_uri(),
            {{"ssh-privatekey", daemon_.ssh_file(key)}, {"known_hosts", daemon_.ssh_file(hosts)}}};
  }
  /// "Reason: message" of the failure to connect; "" when it works.
  static std::string refusal(const Address& address) {
    const auto connection = libvirt::open_connection(address);
    if (connection) return "";
    EXPECT_EQ(connection.error().code, Code::ServiceUnavailable);
    const std::string& message = connection.error().message;
    for (const auto& [key, value] : address.credentials)
      EXPECT_EQ(message.find(value.substr(0, 40)), std::string::npos) << key << " is told";
    EXPECT_EQ(message.find("/proc/"), std::string::npos) << message;
    return connection.error().reason + ": " + message;
  }
  static void expect_refused(const Address& address, const std::string& reason,
                             const std::string& words) {
    const std::string found = refusal(address);
    EXPECT_TRUE(found.starts_with(reason + ": ")) << found;
    EXPECT_NE(found.find(words), std::string::npos) << found;
  }
  static Address elsewhere(Address address, const std::string& uri) {
    address.uri = uri;
    return address;
  }
  std::string port_of(const std::string& uri) const {
    const size_t begin = uri.rfind(':') + 1;
    return uri.substr(begin, uri.rfind('/') - begin);
  }

  const LibvirtdLease lease_;
  PrivateLibvirtd& daemon_;
};

TEST_F(LibvirtRemote, OverTlsEachCauseOfAFailureIsToldApart) {
  const Address good = tls("ca", "client", "client");
  EXPECT_EQ(refusal(good), "");
  EXPECT_EQ(refusal(tls("ca", "renewed", "renewed")), "");
  expect_refused(tls("ca", "foreign", "foreign"), kInvalidCredentials, "not of an authority");
  expect_refused(tls("other", "foreign", "foreign"), kHostNotTrusted, "authority in ca.crt");
  expect_refused(tls("ca", "expired", "expired"), kInvalidCredentials, "tls.crt of the Secret has");
  expect_refused(tls("ca", "client", "renewed"), kInvalidCredentials, "not the key");
  expect_refused(tls("ca", "client", "locked"), kInvalidCredentials, "passphrase");
  expect_refused(tls("ca", "server", "server"), kNotAllowed, "refuses our certificate");
  expect_refused(tls("client", "client", "client"), kInvalidCredentials, "ca.crt");
  expect_refused(tls("ca", "denied", "denied"), kNotAllowed, "tls_allowed_dn_list");
  Address both = tls("ca", "foreign", "foreign");
  both.credentials["ca.crt"] += daemon_.tls_file("other.pem");
  expect_refused(both, kNotAllowed, "does not trust its authority");
  const std::string port = port_of(daemon_.tls_uri());
  expect_refused(elsewhere(good, "qemu+tls://localhost:" + port + "/system"), kHostNotTrusted,
                 "another name");
  expect_refused(elsewhere(good, "qemu+tls://127.0.0.1:1/system"), "", "nothing answers");
  expect_refused(elsewhere(good, "qemu+tls://nowhere.invalid/system"), "", "no host of this name");
  expect_refused(elsewhere(good, "qemu+tls://127.0.0.1:" + port_of(daemon_.ssh_uri()) + "/system"),
                 "", "does not speak TLS");
  Address broken = good;
  broken.credentials["tls.crt"] = pem("CERTIFICATE");
  expect_refused(broken, kInvalidCredentials, "tls.crt of the Secret cannot be read");
}

TEST_F(LibvirtRemote, OverSshEachCauseOfAFailureIsToldApart) {
  const Address good = ssh("key", "known_host");
  EXPECT_EQ(refusal(good), "");
  EXPECT_EQ(refusal(ssh("rsa", "known_host")), "");
  expect_refused(ssh("other", "known_host"), kCredentialsRefused, "does not let this user in");
  expect_refused(ssh("locked", "known_host"), kInvalidCredentials, "passphrase");
  expect_refused(ssh("key", "known_host2"), kHostNotTrusted, "another key");
  const std::string port = port_of(daemon_.ssh_uri());
  expect_refused(elsewhere(good, "qemu+ssh://root@localhost:" + port + "/system"), kHostNotTrusted,
                 "does not name the host");
  expect_refused(elsewhere(good, "qemu+ssh://nosuchuser@127.0.0.1:" + port + "/system"),
                 kCredentialsRefused, "does not let this user in");
  expect_refused(elsewhere(good, "qemu+ssh://root@127.0.0.1:1/system"), "", "nothing answers");
  expect_refused(
      elsewhere(good, "qemu+ssh://root@127.0.0.1:" + port_of(daemon_.tls_uri()) + "/system"), "",
      "does not speak SSH");
  Address broken = good;
  broken.credentials["ssh-privatekey"] = pem("OPENSSH PRIVATE KEY");
  expect_refused(broken, kInvalidCredentials, "cannot be read");
  daemon_.order("kill");
  expect_refused(good, "", "no libvirtd runs there");
  daemon_.order("start");
  EXPECT_EQ(refusal(good), "");
  daemon_.order("rekey");
  expect_refused(good, kHostNotTrusted, "another key");
  EXPECT_EQ(refusal(ssh("key", "known_host2")), "");
}

/// What memory this process has open as files, and what lies below $TMPDIR by our name.
std::set<std::string> traces() {
  namespace fs = std::filesystem;
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone);
    if (target.starts_with("/memfd:charter")) found.insert(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path())) {
    const std::string name = entry.path().filename();
    if (name.starts_with("charter-")) found.insert(name);
  }
  return found;
}

/// Whether a netcat of this machine, which is the host, still speaks with a libvirtd.
bool is_netcat_left() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.starts_with(std::string("nc\0", 3)) && line.find("libvirt-sock") != line.npos)
      return true;
  }
  return false;
}

TEST_F(LibvirtRemote, OverSshNetcatIsTheWayWhereTheHostHasNoProgramOfLibvirts) {
  const Address good = ssh("key", "known_host");
  daemon_.order("only-netcat");
  auto connection = libvirt::open_connection(good);
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_TRUE(is_netcat_left()) << "it is the way";
  EXPECT_EQ(virConnectNumOfDomains(connection->get()), 0);
  connection->reset();
  for (int round = 0; round < 500 && is_netcat_left(); ++round)
    ::poll(nullptr, 0, 20);
  EXPECT_FALSE(is_netcat_left()) << "nothing stays on the host";
  const size_t end = daemon_.ssh_uri().rfind('/');
  expect_refused(elsewhere(good, daemon_.ssh_uri().substr(0, end) + "/session"), "",
                 "a session needs virt-ssh-helper");
  daemon_.order("kill");
  expect_refused(good, "", "no libvirtd runs there");
  daemon_.order("start");
  daemon_.order("no-tools");
  expect_refused(good, "", "neither virt-ssh-helper");
}

/// Processes of ssh that this one started and that run.
size_t sshs() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(entry.path() / "children");
    for (std::string pid; children >> pid;) {
      std::ifstream line("/proc/" + pid + "/cmdline");  // empty when it has ended
      std::string word;
      if (std::getline(line, word, '\0') && word == "/usr/bin/ssh") ++count;
    }
  }
  return count;
}

TEST_F(LibvirtRemote, AnSshEndsWithItsConnectionAndWithItsDaemon) {
  auto first = libvirt::open_connection(ssh("key", "known_host"));
  const auto second = libvirt::open_connection(ssh("key", "known_host"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(sshs(), 2U);
  first->reset();
  for (int round = 0; round < 500 && sshs() > 1; ++round)
    ::poll(nullptr, 0, 20);
  EXPECT_EQ(sshs(), 1U);
  daemon_.order("kill");
  for (int round = 0; round < 500 && sshs() > 0; ++round)
    ::poll(nullptr, 0, 20);
  EXPECT_EQ(sshs(), 0U);
  expect_refused(ssh("key", "known_host"), "", "libvirtd");
  EXPECT_EQ(sshs(), 0U) << "nor does one outlive an attempt that fails";
}

TEST_F(LibvirtRemote, NothingOfTheCredentialsOutlivesAnAttemptToConnect) {
  // Tests run beside each other, and each makes such directories.
  ::setenv("TMPDIR", daemon_.directory().c_str(), 1);
  const auto before = traces();
  const auto over_tls = libvirt::open_connection(tls("ca", "client", "client"));
  const auto over_ssh = libvirt::open_connection(ssh("key", "known_host"));
  ASSERT_TRUE(over_tls && over_ssh);
  EXPECT_EQ(traces(), before) << "while the connections are open";
  EXPECT_NE(refusal(tls("ca", "denied", "denied")), "");
  EXPECT_NE(refusal(ssh("other", "known_host")), "");
  EXPECT_EQ(traces(), before);
  ::unsetenv("TMPDIR");
}

/// Both ways to a host with a driver and guests.
class LibvirtFarAway : public ::testing::TestWithParam<Way> {
 protected:
  LibvirtFarAway() : bench_(HostNetwork::Shared, GetParam()) {}
  void SetUp() override {
    if (const auto why = bench_.absent(); !why.empty()) GTEST_SKIP() << why;
  }
  RealHypervisorBench bench_;
};

TEST_P(LibvirtFarAway, ADaemonThatDiesAndComesBackIsFoundAgainWithItsGuests) {
  ProviderDriver& driver = bench_.driver();
  ASSERT_TRUE(driver.create(bench_.spec(kA)));
  ASSERT_TRUE(driver.set_power(kA, PowerState::On));
  bench_.settle();
  bench_.daemon().order("kill");
  const auto lost = driver.look();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::ServiceUnavailable) << lost.error().message;
  bench_.daemon().order("start");
  bench_.reconnect_hands();
  const auto found = driver.look();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->machines.size(), 1U);
  EXPECT_EQ(found->machines[0].power, PowerState::On);
  EXPECT_EQ(count_of(bench_.console(kA), "GUEST-MARKER"), 1U) << "the guest did not notice";
  ASSERT_TRUE(driver.remove(kA));
}

TEST_P(LibvirtFarAway, EventsOfTheHostArriveAsHints) {
  ProviderDriver& driver = bench_.driver();
  ASSERT_TRUE(driver.create(bench_.spec(kA)));
  std::mutex mutex;
  std::set<std::string> hints;
  driver.on_hint([&](const std::string& uid) {
    const std::lock_guard lock(mutex);
    hints.insert(uid);
  });
  const libvirt::Domain domain(virDomainLookupByUUIDString(bench_.hands(), kA));
  ASSERT_EQ(virDomainCreate(domain.get()), 0);
  const auto told = [&] {
    const std::lock_guard lock(mutex);
    return hints.contains(kA);
  };
  for (int round = 0; round < 200 && !told(); ++round)
    ::poll(nullptr, 0, 20);
  EXPECT_TRUE(told());
  driver.on_hint({});
}

TEST_P(LibvirtFarAway, OtherCredentialsOpenAnotherConnectionAndNoGuestNotices) {
  ASSERT_TRUE(bench_.driver().create(bench_.spec(kA)));
  ASSERT_TRUE(bench_.driver().set_power(kA, PowerState::On));
  bench_.settle();
  const bool tls = GetParam() == Way::Tls;
  const Credentials before = bench_.credentials;
  bench_.credentials[tls ? "tls.key" : "ssh-privatekey"] =
      tls ? bench_.daemon().tls_file("renewed.key") : bench_.daemon().ssh_file("other");
  const auto refused = bench_.try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, tls ? kInvalidCredentials : kCredentialsRefused);
  if (tls) bench_.credentials["tls.crt"] = bench_.daemon().tls_file("renewed.pem");
  if (!tls) bench_.credentials["ssh-privatekey"] = bench_.daemon().ssh_file("rsa");
  ASSERT_NE(bench_.credentials, before);
  const auto again = bench_.try_open();
  ASSERT_TRUE(again) << again.error().message;
  const auto machine = (*again)->observe(kA);
  ASSERT_TRUE(machine && *machine);
  EXPECT_EQ((*machine)->power, PowerState::On);
  EXPECT_EQ(count_of(bench_.console(kA), "GUEST-MARKER"), 1U);
  ASSERT_TRUE((*again)->remove(kA));
}

INSTANTIATE_TEST_SUITE_P(Ways, LibvirtFarAway, ::testing::Values(Way::Tls, Way::Ssh),
                         [](const auto& way) { return way.param == Way::Tls ? "Tls" : "Ssh"; });

}  // namespace
}  // namespace charter
