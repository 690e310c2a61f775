#include "controller/cli/certificate_keeper.h"

#include "controller/api/certificate_facts.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"

#include <filesystem>

namespace charter {
namespace {

constexpr const char* kReloads = "charter_certificate_reloads_total";
constexpr const char* kReloadsHelp = "Changed certificates, by whether they could be used.";

/// The text of a file of a sane size. Errors: Invalid naming the file.
Result<std::string> read_pem(const std::string& file) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(file, failed);
  if (failed) return Error{Code::Invalid, file + ": cannot read: " + failed.message()};
  if (size > limits::kKeyFileBytesMax) return Error{Code::Invalid, file + ": is too large"};
  auto text = read_file(file);
  if (!text) return Error{Code::Invalid, file + ": cannot read"};
  return std::move(*text);
}

void set_expiry(Metrics& metrics, const char* which, const std::string& pem) {
  const auto facts = certificate_facts(pem);
  if (!facts) return;
  const std::chrono::duration<double> end = facts->not_after.time_since_epoch();
  metrics
      .gauge("charter_certificate_expiration_timestamp_seconds",
             "When a certificate ends, in seconds since 1970.", {{"certificate", which}})
      .set(end.count());
}

}  // namespace

std::vector<CommandFlag> certificate_flags() {
  return {{"tls-cert-file",
           "Server certificate with its chain, PEM; empty: one of the server's own CA", ""},
          {"tls-private-key-file", "Private key of --tls-cert-file, PEM", ""},
          {"client-ca-file", "Issuers of client certificates beside the server's own CA, PEM", ""}};
}

Result<CertificateFiles> certificate_files(const CommandInput& input) {
  CertificateFiles out{input.flag("tls-cert-file"), input.flag("tls-private-key-file"),
                       input.flag("client-ca-file")};
  if (out.certificate.empty() != out.key.empty()) {
    return Error{Code::Invalid, "--tls-cert-file and --tls-private-key-file belong together"};
  }
  return out;
}

CertificateKeeper::CertificateKeeper(CertificateKeeperParts parts)
    : parts_(std::move(parts)),
      applied_(parts_.metrics.counter(kReloads, kReloadsHelp, {{"result", "applied"}})),
      refused_(parts_.metrics.counter(kReloads, kReloadsHelp, {{"result", "refused"}})) {}

Result<Credentials> CertificateKeeper::read_own() const {
  return load_credentials(parts_.data_dir, parts_.listen_address, parts_.clock.now());
}

Result<std::optional<CertifiedKey>> CertificateKeeper::read_given() const {
  const CertificateFiles& files = parts_.files;
  if (files.certificate.empty()) return std::optional<CertifiedKey>();
  CertifiedKey pair;
  CHARTER_TRY_ASSIGN(pair.certificate_pem, read_pem(files.certificate));
  CHARTER_TRY_ASSIGN(pair.key_pem, read_pem(files.key));
  if (const Status good = check_pair(pair, parts_.clock.now()); !good)
    return Error{Code::Invalid, files.certificate + ", " + files.key + ": " + good.error().message};
  return std::optional<CertifiedKey>(std::move(pair));
}

Result<std::string> CertificateKeeper::read_client_ca() const {
  const std::string& file = parts_.files.client_ca;
  if (file.empty()) return std::string();
  CHARTER_TRY_ASSIGN(std::string pem, read_pem(file));
  if (const auto facts = certificate_facts(pem); !facts)
    return Error{Code::Invalid, file + ": " + facts.error().message};
  if (!pem.ends_with('\n')) pem += '\n';
  return pem;
}

TlsMaterial CertificateKeeper::material_of(const Read& read) const {
  const CertifiedKey& server = read.given ? *read.given : read.own.server;
  return {server.certificate_pem, server.key_pem, read.own.ca_pem + read.client_ca_pem};
}

std::string CertificateKeeper::trusted_of(const Read& read) const {
  return read.own.ca_pem + (read.given ? read.given->certificate_pem : "");
}

std::string CertificateKeeper::trusted_pem() const {
  const std::lock_guard lock(mutex_);
  return trusted_of(current_);
}

Result<TlsMaterial> CertificateKeeper::load() {
  const std::lock_guard lock(mutex_);
  CHARTER_TRY_ASSIGN(current_.own, read_own());
  CHARTER_TRY_ASSIGN(current_.given, read_given());
  CHARTER_TRY_ASSIGN(current_.client_ca_pem, read_client_ca());
  show_expiry(current_);
  return material_of(current_);
}

Status CertificateKeeper::bind(Apply apply, Publish publish) {
  const std::lock_guard lock(mutex_);
  apply_ = std::move(apply);
  publish_ = std::move(publish);
  CHARTER_TRY(publish_(trusted_of(current_), current_.own.admin));
  published_ = true;
  return {};
}

template <class Part>
Part CertificateKeeper::take(const char* what, Result<Part> fresh, const Part& before,
                             std::string& refused) const {
  if (fresh) return std::move(*fresh);
  refused += (refused.empty() ? "" : "; ") + std::string(what) + ": " + fresh.error().message;
  return before;
}

void CertificateKeeper::look() {
  const std::lock_guard lock(mutex_);
  std::string refused;
  Read next;
  next.own = take("own certificates", read_own(), current_.own, refused);
  next.given = take("server certificate", read_given(), current_.given, refused);
  next.client_ca_pem = take("client CA", read_client_ca(), current_.client_ca_pem, refused);
  if (!(next == current_)) {
    if (const Status applied = apply_(material_of(next)); applied) {
      current_ = std::move(next);
      published_ = false;
      applied_.increment();
      show_expiry(current_);
      log_info("certificates", "new ones are in use; open connections keep theirs");
    } else {
      refused += (refused.empty() ? "" : "; ") + applied.error().message;
    }
  }
  if (!published_) {
    const Status published = publish_(trusted_of(current_), current_.own.admin);
    published_ = published.has_value();
    if (!published) refused += (refused.empty() ? "" : "; ") + published.error().message;
  }
  refuse(std::move(refused));
}

void CertificateKeeper::refuse(std::string refused) {
  if (!refused.empty() && refused != told_) {
    refused_.increment();
    log_error("certificates", "cannot be used, the ones before stay in use", {{"why", refused}});
  }
  told_ = std::move(refused);
}

void CertificateKeeper::show_expiry(const Read& read) {
  set_expiry(parts_.metrics, "serving", material_of(read).certificate_pem);
  set_expiry(parts_.metrics, "admin", read.own.admin.certificate_pem);
  set_expiry(parts_.metrics, "ca", read.own.ca_pem);
}

void CertificateKeeper::start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(wait_mutex_);
    while (!wake_.wait_for(lock, limits::kCertificateCheckInterval, [this] { return stopping_; })) {
      lock.unlock();
      look();
      lock.lock();
    }
  });
}

void CertificateKeeper::stop() {
  {
    const std::lock_guard lock(wait_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace charter
