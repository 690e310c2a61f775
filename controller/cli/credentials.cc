#include "controller/cli/credentials.h"

#include "controller/api/certificate_facts.h"
#include "controller/base/log.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr auto kLeafLifetime = std::chrono::hours(24 * 365);
constexpr unsigned kOwnerOnly = 0600;
constexpr unsigned kReadable = 0644;

Error file_error(const std::string& path, const char* what) {
  return {Code::InternalError, path + ": cannot " + what + ": " + std::strerror(errno)};
}

/// A pair of files, when both are there.
std::optional<CertifiedKey> load_pair(const std::string& stem) {
  auto certificate = read_file(stem + ".crt");
  auto key = read_file(stem + ".key");
  if (!certificate || !key) return std::nullopt;
  return CertifiedKey{std::move(*certificate), std::move(*key)};
}

Status save_pair(const std::string& stem, const CertifiedKey& pair) {
  CHARTER_TRY(write_file(stem + ".key", pair.key_pem, kOwnerOnly));
  return write_file(stem + ".crt", pair.certificate_pem, kReadable);
}

/// A leaf as it is on disk while it can serve, was signed by the CA that signs now and has a third
/// of its life before it; else a new one.
Result<CertifiedKey> leaf(const std::string& stem, const CertifiedKey& ca,
                          const LeafRequest& request, Instant now) {
  if (auto loaded = load_pair(stem); loaded && check_pair(*loaded, now) &&
                                     is_signed_by(loaded->certificate_pem, ca.certificate_pem)) {
    const auto facts = certificate_facts(loaded->certificate_pem);
    if (facts && now < renewal_due(*facts)) return std::move(*loaded);
  }
  CHARTER_TRY_ASSIGN(CertifiedKey made, issue_certificate(ca, request, now, kLeafLifetime));
  CHARTER_TRY(save_pair(stem, made));
  log_info("certificates", "issued a certificate", {{"file", stem + ".crt"}});
  return made;
}

/// The CA on disk. One that can't be used is never replaced behind its owner's back: every
/// certificate and kubeconfig would be worth nothing.
Result<CertifiedKey> load_ca(const std::string& stem, Instant now) {
  if (read_file(stem + ".crt") || read_file(stem + ".key")) {
    const auto loaded = load_pair(stem);
    const Status good = loaded ? check_pair(*loaded, now)
                               : Status(Error{Code::Invalid, "half of the pair is missing"});
    if (good) return *loaded;
    return Error{Code::InternalError,
                 stem + ".crt, .key: the CA cannot be used: " + good.error().message};
  }
  CHARTER_TRY_ASSIGN(CertifiedKey made, make_ca("charter-ca", now, kCaLifetime));
  CHARTER_TRY(save_pair(stem, made));
  return made;
}

LeafRequest server_request(const std::string& listen_address) {
  LeafRequest out;
  out.common_name = "charter";
  out.dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"};
  out.ip_addresses = {"127.0.0.1", "::1"};
  if (listen_address != "127.0.0.1" && listen_address != "::1" && listen_address != "0.0.0.0") {
    out.ip_addresses.push_back(listen_address);
  }
  return out;
}

LeafRequest admin_request() {
  LeafRequest out;
  out.use = LeafRequest::Use::Client;
  out.common_name = "charter-admin";
  out.organizations = {"system:masters"};
  return out;
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Status write_file(const std::string& path, const std::string& text, unsigned mode) {
  const std::string temporary = path + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return file_error(temporary, "create");
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    written += static_cast<size_t>(n);
  }
  const bool good = written == text.size() && fchmod(fd, mode) == 0 && fsync(fd) == 0;
  close(fd);
  if (!good || rename(temporary.c_str(), path.c_str()) != 0) return file_error(path, "write");
  return {};
}

Result<Credentials> load_credentials(const std::string& data_dir, const std::string& listen_address,
                                     Instant now) {
  const std::string pki = data_dir + "/pki";
  std::error_code failed;
  std::filesystem::create_directories(pki, failed);
  if (failed) return Error{Code::InternalError, pki + ": cannot create: " + failed.message()};
  chmod(pki.c_str(), 0700);
  CHARTER_TRY_ASSIGN(const CertifiedKey ca, load_ca(pki + "/ca", now));
  Credentials out;
  out.ca_pem = ca.certificate_pem;
  CHARTER_TRY_ASSIGN(out.server, leaf(pki + "/server", ca, server_request(listen_address), now));
  CHARTER_TRY_ASSIGN(out.admin, leaf(pki + "/admin", ca, admin_request(), now));
  return out;
}

Status write_kubeconfig(const std::string& data_dir, const std::string& server_url,
                        const std::string& trusted_pem, const CertifiedKey& admin) {
  const std::string path = data_dir + "/kubeconfig";
  const std::string text = make_kubeconfig("charter", server_url, trusted_pem, admin);
  if (read_file(path) == text) return {};
  return write_file(path, text, kOwnerOnly);
}

}  // namespace charter
