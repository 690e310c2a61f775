#include "tests/bench/server_process.h"

#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace charter::bench {
namespace {

constexpr double kStartTimeout = 60;
constexpr double kStopTimeout = 30;
constexpr auto kPoll = std::chrono::milliseconds(1);

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) throw Failure("no free port");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The number after `name` in "name: value" lines.
double field(const std::string& text, const std::string& name) {
  const size_t at = text.find(name + ":");
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + name.size() + 1);
}

}  // namespace

ServerProcess::ServerProcess(const std::string& binary, const std::string& data_dir)
    : data_dir_(data_dir) {
  const int port = free_port();
  const Moment began = now();
  spawn(binary, port);
  for (;;) {
    if (ended()) throw Failure("the server ended while starting; see " + data_dir_ + "/server.log");
    if (since(began) > kStartTimeout) throw Failure("the server was not ready in time");
    try {
      if (!target_) target_ = std::make_unique<Target>(data_dir_, port);
      if (Connection(*target_).send({.path = "/readyz"}).status == 200) break;
    } catch (const Failure&) {
      // Not listening yet, or its certificates are still being written.
    }
    std::this_thread::sleep_for(kPoll);
  }
  ready_seconds_ = since(began);
}

ServerProcess::~ServerProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (const Moment began = now(); !ended();) {
    if (since(began) > kStopTimeout) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

void ServerProcess::spawn(const std::string& binary, int port) {
  const std::string listen = "127.0.0.1:" + std::to_string(port);
  const char* argv[] = {binary.c_str(), "serve",        "--data-dir", data_dir_.c_str(),
                        "--listen",     listen.c_str(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, (data_dir_ + "/server.log").c_str(),
                                   O_CREAT | O_APPEND | O_WRONLY, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  const int failed =
      posix_spawn(&pid_, binary.c_str(), &files, nullptr, const_cast<char**>(argv), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) {
    pid_ = -1;
    throw Failure(binary + ": " + std::strerror(failed));
  }
}

bool ServerProcess::ended() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

Usage ServerProcess::usage() const {
  const std::string proc = "/proc/" + std::to_string(pid_);
  const std::string stat = read_file(proc + "/stat");
  if (stat.empty()) throw Failure("the server is gone; see " + data_dir_ + "/server.log");
  std::istringstream after_name(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    after_name >> skipped;  // to utime, field 14
  double user = 0;
  double system = 0;
  after_name >> user >> system;
  const std::string status = read_file(proc + "/status");
  const std::string io = read_file(proc + "/io");
  return {.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)),
          .resident_bytes = field(status, "VmRSS") * 1024,
          .peak_bytes = field(status, "VmHWM") * 1024,
          .write_calls = field(io, "syscw"),
          .written_bytes = field(io, "\nwrite_bytes")};
}

void ServerProcess::reset_peak() const {
  std::ofstream("/proc/" + std::to_string(pid_) + "/clear_refs") << 5;
}

}  // namespace charter::bench
