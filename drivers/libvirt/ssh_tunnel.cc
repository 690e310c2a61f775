#include "drivers/libvirt/ssh_tunnel.h"

#include "controller/base/log.h"
#include "controller/base/ssh_command.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/meaning.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace charter::libvirt {
namespace {

// What ssh, its remote side or libvirt says. The first that fits counts.
constexpr Meaning kMeanings[] = {
    {"HOST IDENTIFICATION HAS CHANGED", kHostNotTrusted,
     "the host has another key than known_hosts of the Secret states"},
    {"Host key verification failed", kHostNotTrusted,
     "known_hosts of the Secret does not name the host with its key"},
    {"Load key", kInvalidCredentials, "ssh-privatekey of the Secret cannot be read"},
    {"Permission denied (", kCredentialsRefused,
     "the host does not let this user in with ssh-privatekey of the Secret"},
    {"Too many authentication failures", kCredentialsRefused,
     "the host does not let this user in with ssh-privatekey of the Secret"},
    {"Permission denied", kNotAllowed,
     "the host lets us in, but this user may not use its libvirtd"},
    {"no polkit agent", kNotAllowed, "a policy of the host does not let this user use libvirtd"},
    {"access denied", kNotAllowed, "a policy of the host does not let this user use libvirtd"},
    {"charter: no netcat", nullptr,
     "the host has neither virt-ssh-helper, of package libvirt-daemon, nor a nc that knows -U, of "
     "package netcat-openbsd"},
    {"charter: no helper", nullptr,
     "a session needs virt-ssh-helper on the host, of package libvirt-daemon"},
    {"connect socket", nullptr, "the host lets us in, but no libvirtd runs there"},
    {"nc: /", nullptr, "the host lets us in, but no libvirtd runs there"},
    {"Ncat: ", nullptr, "the host lets us in, but no libvirtd runs there"},
    {"ould not resolve", nullptr, "there is no host of this name"},
    {"kex_exchange_identification", nullptr, "what answers there does not speak SSH with us"},
    {"banner", nullptr, "what answers there does not speak SSH with us"},
    {"onnection refused", nullptr, "nothing answers there"},
    {"timed out", nullptr, "nothing answers there"},
    {"unreachable", nullptr, "nothing answers there"},
    {"No route to host", nullptr, "nothing answers there"},
};

// What the user's shell runs on the host, whichever shell that is. Without libvirt's helper the
// system's daemon is reached through its socket by a netcat, which has to end when we do: not each
// does so by itself. A session's daemon has to be started, which only the helper can.
constexpr const char* kByNetcat =
    "have=$(nc -h 2>&1); "
    "case \"$have\" in *-U*) ;; *) echo charter: no netcat >&2; exit 127;; esac; "
    "case \"$have\" in *-q*) quit=-q0;; *-N*) quit=-N;; *) quit=;; esac; "
    "exec nc $quit -U /var/run/libvirt/libvirt-sock";
constexpr const char* kNotASession = "echo charter: no helper >&2; exit 127";

std::string remote_command(const std::string& hypervisor) {
  const bool session = hypervisor.ends_with("/session");
  return "sh -c 'if command -v virt-ssh-helper >/dev/null 2>&1; then exec virt-ssh-helper " +
         hypervisor + "; fi; " + (session ? kNotASession : kByNetcat) + "'";
}

std::string lines_of(const Address& address, const char* key) {
  return ssh_lines(address.credentials.at(key));  // check_credentials was asked before
}

int listen_at(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return -1;
  std::memcpy(name.sun_path, path.data(), path.size());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  if (listener >= 0 && ::bind(listener, address, sizeof name) == 0 && ::listen(listener, 1) == 0)
    return listener;
  if (listener >= 0) ::close(listener);
  return -1;
}

bool bound(int kind, rlim_t most) {
  const rlimit limit{most, most};
  return ::setrlimit(static_cast<__rlimit_resource>(kind), &limit) == 0;
}

// After fork, in a process with threads: only calls that are safe in signal handlers. While it
// waits for libvirt it holds nothing of ours (a lock or a port would outlive a kill of the server),
// and dies with us; from then on the connection's end is its own.
[[noreturn]] void become(const std::vector<char*>& words, int listener, int errors, pid_t parent) {
  constexpr int kNotStarted = 125;
  static const char* const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", nullptr};
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const bool alone = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent &&
                     ::dup2(errors, 2) == 2 && ::dup2(listener, 0) == 0 &&
                     ::close_range(3, ~0U, 0) == 0;
  const int client = alone ? ::accept(0, nullptr, nullptr) : -1;
  const bool placed = client >= 0 && ::dup2(client, 0) == 0 && ::dup2(client, 1) == 1 &&
                      ::close_range(3, ~0U, 0) == 0 && ::prctl(PR_SET_PDEATHSIG, 0) == 0;
  // Nothing of it may be in a core file, and the host could send errors without an end.
  if (!placed || !bound(RLIMIT_CORE, 0) || !bound(RLIMIT_FSIZE, limits::kSshErrorsBytesMax))
    ::_exit(kNotStarted);
  ::execve(words[0], words.data(), const_cast<char* const*>(environment));
  ::_exit(kNotStarted);
}

// Those of connections that stand: they end by themselves, and are collected by whoever comes next.
void collect(pid_t another) {
  static std::mutex mutex;
  static auto* const running = new std::vector<pid_t>();
  const std::lock_guard lock(mutex);
  std::erase_if(*running, [](pid_t process) { return ::waitpid(process, nullptr, WNOHANG) != 0; });
  if (another > 0) running->push_back(another);
}

}  // namespace

SshTunnel::SshTunnel(const Address& address)
    : uri_(address.uri),
      place_(ssh_place_of(address.uri)),
      key_(lines_of(address, kSshKeyKey)),
      hosts_(lines_of(address, kKnownHostsKey)),
      folder_("ssh"),
      errors_(::memfd_create("charter-errors", MFD_CLOEXEC)) {}

SshTunnel::~SshTunnel() {
  end();
  if (errors_ >= 0) ::close(errors_);
}

Status SshTunnel::start() {
  collect(0);
  const Error no_room{Code::ServiceUnavailable,
                      "this server has no memory, or no room below /tmp, to log in"};
  if (key_.path().empty() || hosts_.path().empty() || folder_.path().empty() || errors_ < 0)
    return no_room;
  const int listener = listen_at(folder_.path() / "socket");
  if (listener < 0) return no_room;
  const SshLogin login{place_.user, place_.host, place_.port, key_.path(), hosts_.path()};
  auto texts = ssh_words(login, remote_command(place_.hypervisor));
  std::vector<char*> words;
  for (auto& text : texts)
    words.push_back(text.data());
  words.push_back(nullptr);
  const pid_t self = ::getpid();
  process_ = ::fork();
  if (process_ == 0) become(words, listener, errors_, self);
  ::close(listener);
  return process_ > 0 ? Status() : no_room;
}

std::string SshTunnel::uri() const {
  const std::string path = uri_.substr(uri_.rfind('/'));
  return "qemu+unix://" + path + "?socket=" + (folder_.path() / "socket").string();
}

void SshTunnel::release() {
  collect(process_);
  process_ = -1;
}

void SshTunnel::end() {
  if (process_ <= 0) return;
  ::kill(-process_, SIGKILL);
  ::kill(process_, SIGKILL);  // it may not lead its group yet
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string SshTunnel::said() const {
  std::string text(limits::kSshErrorsBytesMax, '\0');
  const ssize_t size = ::pread(errors_, text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

Error SshTunnel::explain() {
  const std::string reply = last_text();  // before anything else that libvirt could do
  end();
  const std::string text = said() + "\n" + reply;
  log_debug("libvirt", "ssh ended", {{"uri", uri_}, {"said", text}});
  if (::access(kSshProgram, X_OK) != 0)
    return {Code::ServiceUnavailable, "ssh is not installed: hack/install-deps.sh"};
  return meaning_of(kMeanings, text, uri_, "nothing answers there as it should");
}

}  // namespace charter::libvirt
