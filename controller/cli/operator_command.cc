#include "controller/base/log.h"
#include "controller/cli/operator_process.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

namespace charter {
namespace {

constexpr int kLeadershipLost = 1;  // as controller-runtime ends

int fail(const Error& error) {
  std::fprintf(stderr, "charter operator: %s\n", error.message.c_str());
  return error.code == Code::Invalid ? 2 : 1;
}

/// Waits for SIGTERM or SIGINT on a thread of its own, so that a start that waits can be ended.
class EndSignal {
 public:
  // Blocked before any other thread exists, so that only this one's sigwait sees them.
  EndSignal() {
    sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1})
      sigaddset(&signals_, number);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::thread([this] {
      int received = 0;
      sigwait(&signals_, &received);
      received_ = received;
    });
  }
  ~EndSignal() {
    if (!waiter_.joinable()) return;
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
  }
  bool came() const { return received_ != 0; }
  int wait() {
    waiter_.join();
    return received_;
  }

 private:
  sigset_t signals_;
  std::atomic<int> received_{0};
  std::thread waiter_;
};

int run_operator(const Product& product, const CommandInput& input) {
  auto options = operator_options(input);
  if (!options) return fail(options.error());
  std::error_code failed;
  std::filesystem::create_directories(options->data_dir, failed);
  if (failed) {
    return fail({Code::InternalError, options->data_dir + ": cannot create: " + failed.message()});
  }
  if (input.flag("debug") == "true") set_log_level(LogLevel::Debug);
  signal(SIGPIPE, SIG_IGN);
  EndSignal end;
  const std::string server = options->cluster.server;
  const std::string identity = options->election.identity;
  OperatorProcess process(product, std::move(*options));
  // Everything that others see was refused from the end of the term on; there is nothing to end in
  // order, and a pass may hang in a call.
  process.on_lost([] { _exit(kLeadershipLost); });
  if (auto started = process.start([&end] { return end.came(); }); !started) {
    (void)process.stop();
    return end.came() ? 0 : fail(started.error());
  }
  log_info("operator", "ready",
           {{"server", server},
            {"identity", identity},
            {"port", std::to_string(process.port())},
            {"pid", std::to_string(getpid())}});
  const int received = end.wait();
  log_info("operator", "stopping", {{"signal", std::to_string(received)}});
  if (const Status stopped = process.stop(); !stopped) {
    // A driver's call that never returns would hold the process for ever.
    log_error("operator", "ended without waiting any longer", {{"error", stopped.error().message}});
    _exit(1);
  }
  return 0;
}

}  // namespace

Command operator_command(const Product& product) {
  Command command;
  command.name = "operator";
  command.summary = "Run all reconcilers against a Kubernetes API server";
  command.example = "charter operator --kubeconfig ~/.kube/config --data-dir ./operator";
  command.flags = operator_flags();
  command.run = [&product](const CommandInput& input) { return run_operator(product, input); };
  return command;
}

}  // namespace charter
