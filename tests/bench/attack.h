#pragma once

#include "tests/bench/connection.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// A tenant that does all it can: connections that always have a request waiting, at a low CPU
// priority, so that what others feel is the server's doing and not the generator's.
namespace charter::bench {

/// One way to misbehave.
struct AttackPlan {
  enum class Reading {
    Discard,  ///< takes every answer as fast as it comes
    Never,    ///< asks once and reads nothing
    Hangup    ///< asks once, and connects again at once
  };
  std::string what;
  size_t connections = 0;
  Call call;
  std::string body = {};  ///< of the call
  Reading reading = Reading::Discard;
};

/// An attack under way; ends with its life.
class Attack {
 public:
  Attack(const Target& target, AttackPlan plan);
  ~Attack();
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;

  size_t requests() const { return requests_; }
  size_t answer_bytes() const { return answer_bytes_; }
  /// Connections that the server closed, or that were given up and made again.
  size_t reconnects() const { return reconnects_; }

 private:
  struct Peer;
  void run();
  void reconnect(Peer& peer);
  bool drive(Peer& peer);

  const Target& target_;
  const AttackPlan plan_;
  std::atomic<size_t> requests_ = 0;
  std::atomic<size_t> answer_bytes_ = 0;
  std::atomic<size_t> reconnects_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace charter::bench
