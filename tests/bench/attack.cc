#include "tests/bench/attack.h"

#include <chrono>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace charter::bench {
namespace {

/// Leaves the CPU to the server and to whoever is measured.
constexpr int kNiceness = 10;
/// Requests sent on one connection before the next one's turn.
constexpr int kBurst = 16;
constexpr auto kPause = std::chrono::microseconds(500);

void be_nice() {
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
}

}  // namespace

/// One connection of the attacker.
struct Attack::Peer {
  std::unique_ptr<Connection> connection;
  bool asked = false;
};

Attack::Attack(const Target& target, AttackPlan plan) : target_(target), plan_(std::move(plan)) {
  thread_ = std::thread([this] { run(); });
}

Attack::~Attack() {
  stop_ = true;
  thread_.join();
}

void Attack::run() {
  be_nice();
  std::vector<Peer> peers(plan_.connections);
  while (!stop_) {
    bool busy = false;
    for (Peer& peer : peers) {
      if (stop_) return;
      try {
        if (!peer.connection) reconnect(peer);
        busy |= drive(peer);
      } catch (const Failure&) {
        peer.connection.reset();  // refused or closed: that is what a defence may do
        ++reconnects_;
        busy = true;
      }
    }
    if (!busy) std::this_thread::sleep_for(kPause);
  }
}

void Attack::reconnect(Peer& peer) {
  peer.connection = std::make_unique<Connection>(target_);
  peer.connection->make_nonblocking();
  // Ended with a reset: what is left in the server's buffers must not outlive the attack.
  const linger reset{1, 0};
  setsockopt(peer.connection->socket(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  peer.asked = false;
}

// True when there was something to do.
bool Attack::drive(Peer& peer) {
  Call call = plan_.call;
  call.body = plan_.body;
  if (plan_.reading == AttackPlan::Reading::Hangup) {
    peer.connection->push(call);
    ++requests_;
    peer.connection.reset();
    ++reconnects_;
    return true;
  }
  if (plan_.reading == AttackPlan::Reading::Never) {
    if (peer.asked || !peer.connection->push(call)) return false;
    ++requests_;
    return peer.asked = true;
  }
  bool busy = false;
  for (int i = 0; i < kBurst && peer.connection->push(call); ++i) {
    ++requests_;
    busy = true;
  }
  const size_t got = peer.connection->discard();
  answer_bytes_ += got;
  return busy || got > 0;
}

}  // namespace charter::bench
