#include "drivers/libvirt/event_loop.h"

#include "controller/base/check.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <csignal>
#include <thread>

namespace charter::libvirt {
namespace {

// libvirt would print each error to stderr; errors.cc logs those that matter.
void ignore_error(void*, virErrorPtr) {}

// Without any timer the loop would sleep for ever and never see a file descriptor that another
// thread adds to it between two rounds; libvirt wakes it then, so this only bounds a missed
// wake-up.
constexpr int kRoundMs = 5'000;

void run_forever() {
  virEventAddTimeout(
      kRoundMs, [](int, void*) {}, nullptr, nullptr);
  while (true)
    virEventRunDefaultImpl();
}

}  // namespace

void ensure_event_loop() {
  // Never destroyed: see the header. A function-local static is initialised once, also by many
  // threads.
  static const std::thread* const loop = [] {
    // libvirt writes to its socket without MSG_NOSIGNAL: a daemon that is gone would end the
    // process.
    std::signal(SIGPIPE, SIG_IGN);
    CHECK(virInitialize() == 0);
    virSetErrorFunc(nullptr, ignore_error);
    CHECK(virEventRegisterDefaultImpl() == 0);
    return new std::thread(run_forever);
  }();
  (void)loop;
}

}  // namespace charter::libvirt
