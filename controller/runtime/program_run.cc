#include "controller/runtime/program_run.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace charter {
namespace {

/// A child's output end and its process, ended when it goes out of scope.
struct Child {
  pid_t pid = -1;
  int output = -1;
  ~Child() {
    if (output >= 0) close(output);
    if (pid < 0) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : more)
      replaced = replaced || key == name;
    if (!replaced) all.push_back(text);
  }
  for (const auto& [key, value] : more)
    all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Status start(const ProgramRun& run, Child& child) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{Code::InternalError, "no pipe"};
  child.output = ends[0];
  std::vector<std::string> words{run.command};
  words.insert(words.end(), run.args.begin(), run.args.end());
  std::vector<std::string> env = environment_with(run.env);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  // Signals that this program blocks would stay blocked in the child.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int failed = posix_spawnp(&child.pid, run.command.c_str(), &actions, &attributes,
                                  pointers_to(words).data(), pointers_to(env).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (failed == 0) return {};
  child.pid = -1;
  return Error{failed == ENOENT ? Code::NotFound : Code::InternalError,
               failed == ENOENT ? "there is no such program" : "it cannot be started"};
}

using Deadline = std::chrono::steady_clock::time_point;

Result<std::string> read_all(const ProgramRun& run, Child& child, Deadline end) {
  std::string output;
  char piece[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd ready{child.output, POLLIN, 0};
    const int polled = left.count() <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left.count()));
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0) return Error{Code::Timeout, "it did not answer in time"};
    const ssize_t size = read(child.output, piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error{Code::InternalError, "its output cannot be read"};
    if (size == 0) return output;
    output.append(piece, static_cast<size_t>(size));
    if (output.size() > run.output_bytes_max)
      return Error{Code::InternalError, "its output is too long"};
  }
}

}  // namespace

Result<std::string> run_program_for_output(const ProgramRun& run) {
  Child child;
  const Deadline end = std::chrono::steady_clock::now() + run.timeout;
  CHARTER_TRY(start(run, child));
  CHARTER_TRY_ASSIGN(std::string output, read_all(run, child, end));
  int status = 0;
  // It has closed its output, so it ends about now; one that does not is killed with the rest.
  while (waitpid(child.pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= end)
      return Error{Code::Timeout, "it did not end in time"};
    poll(nullptr, 0, 5);
  }
  child.pid = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  return Error{Code::InternalError,
               WIFEXITED(status) ? "it ended with exit code " + std::to_string(WEXITSTATUS(status))
                                 : "it was ended by a signal"};
}

}  // namespace charter
