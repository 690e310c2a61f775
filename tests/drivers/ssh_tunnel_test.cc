#include "drivers/libvirt/ssh_tunnel.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// What waits for libvirt to connect, seen from /proc. No host is needed: nobody connects.
namespace charter {
namespace {

namespace fs = std::filesystem;

libvirt::Address nowhere() {
  return {"qemu+ssh://admin@host.invalid/system",
          {{libvirt::kSshKeyKey, "-----BEGIN PRIVATE KEY-----"},
           {libvirt::kKnownHostsKey, "host.invalid ssh-ed25519 AAAA"}}};
}

/// The child that has been forked last, or 0.
pid_t child_of(pid_t parent) {
  pid_t found = 0;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(parent) + "/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t each = 0; children >> each;)
      found = each;
  }
  return found;
}

size_t descriptors_of(pid_t process) {
  std::error_code gone;
  fs::directory_iterator each("/proc/" + std::to_string(process) + "/fd", gone);
  return gone ? 0 : static_cast<size_t>(std::distance(each, fs::directory_iterator()));
}

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int tries = 0; tries < 1'000; ++tries) {
    if (condition()) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

TEST(SshTunnel, WhatWaitsForLibvirtHoldsNothingOfTheServers) {
  const int lock =
      ::memfd_create("lock", 0);  // as a data directory's: it would outlive us in there
  {
    libvirt::SshTunnel tunnel(nowhere());
    ASSERT_TRUE(tunnel.start());
    const pid_t waits = child_of(::getpid());
    ASSERT_GT(waits, 0);
    EXPECT_TRUE(comes_true([&] { return descriptors_of(waits) == 3; }));
  }
  ::close(lock);
}

TEST(SshTunnel, WhatWaitsForLibvirtDiesWithTheServer) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t server = ::fork();
  if (server == 0) {
    libvirt::SshTunnel tunnel(nowhere());
    (void)tunnel.start();
    const pid_t waits = child_of(::getpid());
    (void)!::write(told[1], &waits, sizeof waits);
    ::pause();
  }
  pid_t waits = 0;
  ASSERT_EQ(::read(told[0], &waits, sizeof waits), static_cast<ssize_t>(sizeof waits));
  ASSERT_GT(waits, 0);
  ASSERT_TRUE(comes_true([&] { return descriptors_of(waits) == 3; }));
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  EXPECT_TRUE(comes_true([&] { return ::kill(waits, 0) != 0 || descriptors_of(waits) == 0; }));
  ::close(told[0]);
  ::close(told[1]);
}

}  // namespace
}  // namespace charter
