#include "controller/cli/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace charter {
namespace {

constexpr auto kCaLifetime = std::chrono::hours(24 * 365 * 10);
constexpr auto kLeafLifetime = std::chrono::hours(24 * 365);
constexpr auto kRenewBefore = std::chrono::hours(24 * 30);
constexpr unsigned kOwnerOnly = 0600;

Error file_error(const std::string& path, const char* what) {
  return {Code::InternalError, path + ": cannot " + what + ": " + std::strerror(errno)};
}

std::optional<CertifiedKey> load_pair(const std::string& stem, Instant now, Duration margin) {
  auto certificate = read_file(stem + ".crt");
  auto key = read_file(stem + ".key");
  if (!certificate || !key) return std::nullopt;
  const auto expiry = certificate_expiry(*certificate);
  if (!expiry || *expiry - now < margin) return std::nullopt;
  return CertifiedKey{std::move(*certificate), std::move(*key)};
}

Status save_pair(const std::string& stem, const CertifiedKey& pair) {
  CHARTER_TRY(write_file(stem + ".key", pair.key_pem, kOwnerOnly));
  return write_file(stem + ".crt", pair.certificate_pem, 0644);
}

Result<CertifiedKey> leaf(const std::string& stem, const CertifiedKey& ca, const LeafRequest& request, Instant now) {
  if (auto loaded = load_pair(stem, now, kRenewBefore)) return std::move(*loaded);
  CHARTER_TRY_ASSIGN(CertifiedKey made, issue_certificate(ca, request, now, kLeafLifetime));
  CHARTER_TRY(save_pair(stem, made));
  return made;
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

Result<Credentials> load_credentials(const std::string& data_dir, const std::string& listen_address, Instant now) {
  const std::string pki = data_dir + "/pki";
  std::error_code failed;
  std::filesystem::create_directories(pki, failed);
  if (failed) return Error{Code::InternalError, pki + ": cannot create: " + failed.message()};
  chmod(pki.c_str(), 0700);
  std::optional<CertifiedKey> ca = load_pair(pki + "/ca", now, Duration(0));
  if (!ca) {
    CHARTER_TRY_ASSIGN(ca, make_ca("charter-ca", now, kCaLifetime));
    CHARTER_TRY(save_pair(pki + "/ca", *ca));
    // Leaves of an older CA would not verify any more.
    for (const char* name : {"/server.crt", "/admin.crt"}) std::filesystem::remove(pki + name, failed);
  }
  Credentials out;
  out.ca_pem = ca->certificate_pem;
  LeafRequest server;
  server.common_name = "charter";
  server.dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"};
  server.ip_addresses = {"127.0.0.1", "::1"};
  if (listen_address != "127.0.0.1" && listen_address != "::1" && listen_address != "0.0.0.0") {
    server.ip_addresses.push_back(listen_address);
  }
  CHARTER_TRY_ASSIGN(out.server, leaf(pki + "/server", *ca, server, now));
  LeafRequest admin;
  admin.use = LeafRequest::Use::Client;
  admin.common_name = "charter-admin";
  admin.organizations = {"system:masters"};
  CHARTER_TRY_ASSIGN(out.admin, leaf(pki + "/admin", *ca, admin, now));
  return out;
}

Status write_kubeconfig(const std::string& data_dir, const std::string& server_url, const Credentials& credentials) {
  const std::string path = data_dir + "/kubeconfig";
  const std::string text = make_kubeconfig("charter", server_url, credentials.ca_pem, credentials.admin);
  if (read_file(path) == text) return {};
  return write_file(path, text, kOwnerOnly);
}

}  // namespace charter
