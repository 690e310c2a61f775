#include "drivers/images/convert.h"

#include "drivers/images/limits.h"

#include <sched.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace charter {
namespace {

// What the child says by its end where the tool itself has not begun.
constexpr int kNotIsolated = 125, kNotThere = 127;

bool bound(int kind, uint64_t most) {
  const rlimit limit{most, most};
  return ::setrlimit(static_cast<__rlimit_resource>(kind), &limit) == 0;
}

bool isolate() {
  // A user namespace gives the right to leave the network where root is not what we are.
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int nothing = ::open("/dev/null", O_RDWR);
  if (nothing < 0) return false;
  for (int stream = 0; stream < 3; ++stream)
    if (::dup2(nothing, stream) < 0) return false;
  if (::close_range(3, ~0U, 0) != 0) return false;
  return bound(RLIMIT_CORE, 0) && bound(RLIMIT_NOFILE, 64) &&
         bound(RLIMIT_CPU, limits::kConvertSecondsMax) &&
         bound(RLIMIT_AS, limits::kConvertMemoryBytesMax) &&
         bound(RLIMIT_FSIZE, static_cast<uint64_t>(limits::kImageBytesMax));
}

}  // namespace

Status convert_to_qcow2(const std::string& from, const std::string& format, const std::string& to) {
  const char* const words[] = {"qemu-img", "convert", "-f",         format.c_str(), "-O",
                               "qcow2",    "--",      from.c_str(), to.c_str(),     nullptr};
  const char* const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", nullptr};
  const pid_t child = ::fork();
  if (child < 0) return Error{Code::ServiceUnavailable, "no process can be started for qemu-img"};
  if (child == 0) {
    if (!isolate()) ::_exit(kNotIsolated);
    ::execve("/usr/bin/qemu-img", const_cast<char* const*>(words),
             const_cast<char* const*>(environment));
    ::_exit(kNotThere);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  ::unlink(to.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotThere)
    return Error{Code::ServiceUnavailable, "qemu-img is not installed: hack/install-deps.sh"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotIsolated)
    return Error{Code::ServiceUnavailable, "qemu-img cannot be kept from the network here"};
  return Error{Code::Invalid, "qemu-img does not convert this " + format + " image to qcow2"};
}

}  // namespace charter
