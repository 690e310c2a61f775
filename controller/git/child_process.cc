#include "controller/git/child_process.h"

#include "controller/git/limits.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr uint64_t kToolMemoryBytesMax = uint64_t{1} << 30;  // gpg maps some 100 MiB
constexpr uint64_t kToolFileBytesMax = uint64_t{16} << 20;   // a keyring of 64 keys
constexpr int kEndPollMs = 20;  // between looks for a process' end; its output has ended by then

bool bound(int kind, uint64_t most) {
  const rlimit limit{most, most};
  return ::setrlimit(static_cast<__rlimit_resource>(kind), &limit) == 0;
}

bool confine(Confinement confinement) {
  if (!bound(RLIMIT_CORE, 0)) return false;  // it may hold a key
  if (confinement == Confinement::Network) return true;
  // Refused in many containers; nothing that is run in this way asks for the network.
  if (::unshare(CLONE_NEWNET) != 0) (void)!::unshare(CLONE_NEWUSER | CLONE_NEWNET);
  return bound(RLIMIT_NOFILE, 64) && bound(RLIMIT_AS, kToolMemoryBytesMax) &&
         bound(RLIMIT_FSIZE, kToolFileBytesMax) &&
         bound(RLIMIT_CPU, static_cast<uint64_t>(limits::kGitVerifyTimeout.count()));
}

// After fork, in a process with threads: only calls that are safe in signal handlers.
[[noreturn]] void become(const std::vector<char*>& words, int socket, int errors,
                         Confinement confinement) {
  constexpr int kNotConfined = 125;
  static const char* const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", nullptr};
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const bool placed = ::dup2(socket, 0) == 0 && ::dup2(socket, 1) == 1 && ::dup2(errors, 2) == 2;
  if (!placed || ::close_range(3, ~0U, 0) != 0 || !confine(confinement)) ::_exit(kNotConfined);
  ::execve(words[0], words.data(), const_cast<char* const*>(environment));
  ::_exit(ChildProcess::kNotInstalled);
}

int left_ms(Duration deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().monotonic());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace

ChildProcess::~ChildProcess() {
  end();
}

Status ChildProcess::start(const std::vector<std::string>& words, Confinement confinement) {
  const Error failed{Code::ServiceUnavailable, "no process can be started for " + words.front()};
  int sockets[2], pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return failed;
  if (::pipe2(pipe, O_CLOEXEC) != 0) {
    ::close(sockets[0]);
    ::close(sockets[1]);
    return failed;
  }
  std::vector<char*> arguments;
  for (const auto& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) become(arguments, sockets[1], pipe[1], confinement);
  ::close(sockets[1]);
  ::close(pipe[1]);
  socket_ = sockets[0];
  error_pipe_ = pipe[0];
  if (process_ < 0) {
    process_ = 0;
    return failed;
  }
  ::setpgid(process_, process_);  // also here: a kill may come before the child has done it
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  ::fcntl(error_pipe_, F_SETFL, O_NONBLOCK);
  return {};
}

// Keeps the pipe empty, so that a tool that complains a lot does not stop.
void ChildProcess::take_errors() {
  char bytes[4096];
  while (error_pipe_ >= 0) {
    const ssize_t size = ::read(error_pipe_, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      ::close(error_pipe_);
      error_pipe_ = -1;
      return;
    }
    const size_t room = limits::kGitToolOutputBytesMax - errors_.size();
    errors_.append(bytes, std::min(room, static_cast<size_t>(size)));
  }
}

bool ChildProcess::wait(short events, Duration deadline) {
  while (true) {
    pollfd waited[] = {{socket_, events, 0}, {error_pipe_, POLLIN, 0}};
    const int left = left_ms(deadline);
    const int ready = ::poll(waited, 2, left);
    if (waited[1].revents != 0) take_errors();
    if (ready > 0 && waited[0].revents != 0) return true;
    if (left == 0 || (ready < 0 && errno != EINTR)) return false;
  }
}

ssize_t ChildProcess::read(char* into, size_t most, Duration deadline) {
  while (wait(POLLIN, deadline)) {
    const ssize_t size = ::recv(socket_, into, most, 0);
    if (size >= 0) return size;
    if (errno == ECONNRESET) return 0;
    if (errno != EINTR && errno != EAGAIN) return -1;
  }
  return -1;
}

bool ChildProcess::write(std::string_view bytes, Duration deadline) {
  while (!bytes.empty()) {
    if (!wait(POLLOUT, deadline)) return false;
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (size > 0) bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

void ChildProcess::close_input() {
  if (socket_ >= 0) ::shutdown(socket_, SHUT_WR);
}

bool ChildProcess::converse(std::string_view input, std::string& output, Duration deadline) {
  bool open = true;
  while (true) {
    if (input.empty() && open) {
      close_input();
      open = false;
    }
    if (!wait(input.empty() ? POLLIN : POLLIN | POLLOUT, deadline)) return false;
    char bytes[4096];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno == ECONNRESET)) return true;
    if (size > 0)
      output.append(bytes, std::min(limits::kGitToolOutputBytesMax - output.size(),
                                    static_cast<size_t>(size)));
    if (input.empty()) continue;
    const ssize_t sent = ::send(socket_, input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) input.remove_prefix(static_cast<size_t>(sent));
    // One that reads no more says why by its end.
    if (sent < 0 && errno != EAGAIN && errno != EINTR) input = {};
  }
}

int ChildProcess::finish(Duration deadline) {
  int status = 0;
  while (process_ > 0) {
    take_errors();
    const pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended < 0 && errno == EINTR) continue;
    if (ended != 0) break;
    if (left_ms(deadline) == 0) return kTimedOut;
    ::poll(nullptr, 0, kEndPollMs);
  }
  take_errors();
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ChildProcess::end() {
  if (process_ > 0) {
    ::kill(-process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
  }
  if (socket_ >= 0) ::close(socket_);
  if (error_pipe_ >= 0) ::close(error_pipe_);
  socket_ = error_pipe_ = -1;
}

Result<ToolOutcome> run_tool(const std::vector<std::string>& words, std::string_view input,
                             Duration deadline) {
  ChildProcess tool;
  CHARTER_TRY(tool.start(words, Confinement::Calculate));
  ToolOutcome outcome;
  const bool ended = tool.converse(input, outcome.output, deadline);
  outcome.exit_code = ended ? tool.finish(deadline) : ChildProcess::kTimedOut;
  if (outcome.exit_code == ChildProcess::kTimedOut)
    return Error{Code::Timeout, words.front() + " did not end in time"};
  if (outcome.exit_code == ChildProcess::kNotInstalled)
    return Error{Code::ServiceUnavailable,
                 words.front() + " is not installed: hack/install-deps.sh"};
  return outcome;
}

}  // namespace charter
