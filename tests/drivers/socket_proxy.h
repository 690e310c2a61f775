#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Stands between a client of libvirt and its daemon and sees whole messages: a call, or the reply
// to one. Events and keep-alives are passed on and never counted. Something can be done just before
// the daemon gets the Nth call, or instead of handing on the Nth reply.
namespace charter {

/// A socket of its own, and a thread for each direction of each connection.
class SocketProxy {
 public:
  SocketProxy(std::string listen, std::string target);
  ~SocketProxy();
  SocketProxy(const SocketProxy&) = delete;
  SocketProxy& operator=(const SocketProxy&) = delete;

  const std::string& path() const { return listen_; }
  /// The nth reply from now on is swallowed, and its connection ends. 0: none.
  void lose_reply(int nth);
  /// Just before the nth call from now on reaches the daemon.
  void before_call(int nth, std::function<void()> act);
  /// Whether what was asked for has come about.
  bool happened() const { return happened_; }

 private:
  struct Pair {
    int client = -1, daemon = -1;
    std::thread up, down;
  };
  void accept_all();
  void pump_calls(int from, int to);
  void pump_replies(int from, int to);
  /// Counts down; true for the one that was meant.
  static bool is_it(std::atomic<int>& left);

  const std::string listen_, target_;
  int socket_ = -1;
  std::atomic<int> replies_left_{0}, calls_left_{0};
  std::atomic<bool> happened_{false};
  std::mutex mutex_;  ///< guards the two below
  std::function<void()> act_;
  std::vector<Pair> pairs_;
  std::thread accepting_;
};

}  // namespace charter
