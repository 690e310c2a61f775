#include "controller/git/libgit2_ssh.h"

#include "controller/base/log.h"
#include "controller/base/ssh_command.h"
#include "controller/git/child_process.h"
#include "controller/git/wire.h"

#include <git2.h>
#include <git2/sys/transport.h>

#include <algorithm>
#include <memory>
#include <string>

namespace charter {
namespace {

/// A line of a remote shell: git-upload-pack with the path as one word.
std::string remote_command(const std::string& path) {
  std::string quoted;
  for (const char c : path)
    quoted += c == '\'' || c == '!' ? std::string("'\\") + c + "'" : std::string(1, c);
  return "git-upload-pack '" + quoted + "'";
}

bool says(const std::string& errors, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&errors](const char* word) {
    return errors.find(word) != std::string::npos;
  });
}

/// What ssh's own words mean; the log has them.
Error explain(const Wire& wire, int exit_code, const std::string& errors) {
  log_debug("git", "ssh ended",
            {{"url", wire.url().text()}, {"code", std::to_string(exit_code)}, {"said", errors}});
  const std::string at = wire.url().text() + ": ";
  if (exit_code == ChildProcess::kNotInstalled)
    return {Code::ServiceUnavailable, "ssh is not installed: hack/install-deps.sh", kGitFailed};
  if (says(errors, {"Host key verification failed", "No ED25519 host key", "host key is known"}))
    return {Code::Forbidden, at + "the host's key is not among the known hosts",
            kGitHostNotTrusted};
  if (says(errors, {"Load key", "invalid format", "error in libcrypto"}))
    return {Code::Unauthorized,
            at + "the private key cannot be used: it has another form, or a passphrase",
            kGitCredentialsRefused};
  if (says(errors, {"Permission denied", "Too many authentication failures"}))
    return {Code::Unauthorized, at + "the private key is refused", kGitCredentialsRefused};
  if (says(errors, {"ould not resolve", "onnection refused", "timed out", "No route to host",
                    "Connection closed", "onnection reset", "unreachable"}))
    return {Code::ServiceUnavailable, at + "nothing answers there", kGitUnreachable};
  return {Code::NotFound, at + "there is no such repository, or this key may not read it",
          kGitReferenceNotFound};
}

struct SshTransport;

/// The line to the remote: both of libgit2's objects in one, because there is one stream a
/// transport.
struct SshStream : git_smart_subtransport_stream {
  SshStream() : git_smart_subtransport_stream{} {}
  std::unique_ptr<MemoryFile> key, hosts;
  ChildProcess ssh;
  bool spoke = false;  ///< anything came yet
};

struct SshTransport : git_smart_subtransport {
  SshTransport() : git_smart_subtransport{} {}
  SshStream* open = nullptr;  ///< owned by libgit2, which frees it before this
};

int failed(const char* what) {
  git_error_set_str(GIT_ERROR_SSH, what);
  return -1;
}

int read_stream(git_smart_subtransport_stream* base, char* into, size_t most, size_t* got) {
  auto& stream = *static_cast<SshStream*>(base);
  Wire* const wire = Wire::current();
  *got = 0;
  if (wire == nullptr || !wire->in_time()) return failed("too late");
  const ssize_t size = stream.ssh.read(into, most, wire->deadline());
  if (size < 0) {
    (void)wire->in_time();
    return failed("too late");
  }
  if (size == 0 && !stream.spoke) {
    const int code = stream.ssh.finish(wire->deadline());
    wire->fail(explain(*wire, code, stream.ssh.errors()));
    return failed("ended");
  }
  stream.spoke = true;
  *got = static_cast<size_t>(size);
  return wire->take(*got) ? 0 : failed("too much");
}

int write_stream(git_smart_subtransport_stream* base, const char* bytes, size_t size) {
  auto& stream = *static_cast<SshStream*>(base);
  Wire* const wire = Wire::current();
  if (wire == nullptr) return failed("no call");
  if (stream.ssh.write({bytes, size}, wire->deadline())) return 0;
  wire->fail(Error{Code::ServiceUnavailable, wire->url().text() + ": the connection broke",
                   kGitUnreachable});
  return failed("broken");
}

void free_stream(git_smart_subtransport_stream* base) {
  auto* const stream = static_cast<SshStream*>(base);
  static_cast<SshTransport*>(stream->subtransport)->open = nullptr;
  delete stream;
}

int open_stream(SshTransport& transport) {
  Wire* const wire = Wire::current();
  if (wire == nullptr) return failed("no call");
  auto stream = std::make_unique<SshStream>();
  stream->key = std::make_unique<MemoryFile>(ssh_lines(wire->credentials().private_key));
  stream->hosts = std::make_unique<MemoryFile>(ssh_lines(wire->credentials().known_hosts));
  if (stream->key->path().empty() || stream->hosts->path().empty()) return failed("no memory");
  const GitUrl& url = wire->url();
  const SshLogin login{url.user, url.host, url.port, stream->key->path(), stream->hosts->path()};
  const auto started =
      stream->ssh.start(ssh_words(login, remote_command(url.path)), Confinement::Network);
  if (!started) {
    wire->fail(started.error());
    return failed("not started");
  }
  stream->subtransport = &transport;
  stream->read = read_stream;
  stream->write = write_stream;
  stream->free = free_stream;
  transport.open = stream.release();
  return 0;
}

int act(git_smart_subtransport_stream** made, git_smart_subtransport* base, const char*,
        git_smart_service_t service) {
  auto& transport = *static_cast<SshTransport*>(base);
  if (service != GIT_SERVICE_UPLOADPACK_LS && service != GIT_SERVICE_UPLOADPACK)
    return failed("nothing is ever pushed");
  if (service == GIT_SERVICE_UPLOADPACK_LS && transport.open != nullptr)
    return failed("open already");
  if (transport.open == nullptr && open_stream(transport) != 0) return -1;
  *made = transport.open;
  return 0;
}

int close_transport(git_smart_subtransport*) {
  return 0;  // the stream is freed before
}

void free_transport(git_smart_subtransport* base) {
  delete static_cast<SshTransport*>(base);
}

int make_subtransport(git_smart_subtransport** made, git_transport*, void*) {
  auto transport = std::make_unique<SshTransport>();
  transport->action = act;
  transport->close = close_transport;
  transport->free = free_transport;
  *made = transport.release();
  return 0;
}

}  // namespace

int make_ssh_transport(git_transport** made, git_remote* owner, void*) {
  // git_transport_smart copies nothing of the definition but calls it at once.
  git_smart_subtransport_definition definition{make_subtransport, 0, nullptr};
  return git_transport_smart(made, owner, &definition);
}

}  // namespace charter
