#include "controller/runtime/token_source.h"

#include "controller/base/base64.h"
#include "controller/object/value.h"
#include "controller/runtime/limits.h"
#include "controller/runtime/program_run.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <utility>

namespace charter {
namespace {

// KUBERNETES_EXEC_INFO: what a plugin is told.
std::string exec_info(const Kubeconfig& config) {
  Json info = {{"apiVersion", config.exec.api_version},
               {"kind", "ExecCredential"},
               {"spec", {{"interactive", false}}}};
  if (!config.exec.provide_cluster_info) return encode(info);
  Json& cluster = info["spec"]["cluster"];
  cluster["server"] = config.server;
  if (!config.ca_pem.empty()) cluster["certificate-authority-data"] = encode_base64(config.ca_pem);
  if (config.skip_verify) cluster["insecure-skip-tls-verify"] = true;
  if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
  return encode(info);
}

Error failed(const ExecPlugin& exec, const std::string& what) {
  return {Code::Unauthorized, "credential plugin " + exec.command + ": " + what +
                                  (exec.install_hint.empty() ? "" : "; " + exec.install_hint)};
}

}  // namespace

TokenSource::TokenSource(const Kubeconfig& config, const Clock& clock)
    : config_(config),
      clock_(clock),
      current_{config.token, config.certificate_pem, config.key_pem} {
  if (!config_.token_file.empty()) look_again_ = clock_.monotonic() + limits::kTokenFileFresh;
  if (config_.token.empty() && !config_.exec.command.empty()) stale_ = true;
}

Result<Credential> TokenSource::credential() {
  const std::lock_guard lock(mutex_);
  if (look_again_ && clock_.monotonic() >= *look_again_) stale_ = true;
  if (!stale_) return current_;
  if (!config_.token_file.empty()) {
    CHARTER_TRY(read_file());
  } else if (!config_.exec.command.empty()) {
    CHARTER_TRY(ask_plugin());
  }
  stale_ = false;
  return current_;
}

void TokenSource::refused(const Credential& used) {
  const std::lock_guard lock(mutex_);
  if (used == current_) stale_ = true;
}

Status TokenSource::read_file() {
  std::ifstream in(config_.token_file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  // A file that is just being replaced is no reason to go without: the token we have may be good.
  if (text.empty() && current_.token.empty())
    return Error{Code::Unauthorized, "no token in " + config_.token_file};
  if (!text.empty()) current_.token = std::move(text);
  look_again_ = clock_.monotonic() + limits::kTokenFileFresh;
  return {};
}

Status TokenSource::ask_plugin() {
  const ExecPlugin& exec = config_.exec;
  ProgramRun run{exec.command, exec.args, exec.env};
  run.env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(config_));
  run.timeout = limits::kExecTimeout;
  run.output_bytes_max = limits::kExecAnswerBytesMax;
  const auto output = run_program_for_output(run);
  if (!output) return failed(exec, output.error().message);
  const auto answer = parse_json(*output);
  if (!answer || text_at(*answer, {"kind"}) != "ExecCredential")
    return failed(exec, "its answer is no ExecCredential");
  if (text_at(*answer, {"apiVersion"}) != exec.api_version)
    return failed(exec, "its answer is of another apiVersion than " + exec.api_version);
  Credential given{text_at(*answer, {"status", "token"}),
                   text_at(*answer, {"status", "clientCertificateData"}),
                   text_at(*answer, {"status", "clientKeyData"})};
  if (given.certificate_pem.empty() != given.key_pem.empty())
    return failed(exec, "clientCertificateData and clientKeyData go together");
  if (given.token.empty() && given.certificate_pem.empty())
    return failed(exec, "its answer has neither a token nor a certificate");
  if (given.certificate_pem.empty()) {
    given.certificate_pem = config_.certificate_pem;
    given.key_pem = config_.key_pem;
  }
  current_ = std::move(given);
  look_again_.reset();
  const auto expires = parse_time(text_at(*answer, {"status", "expirationTimestamp"}));
  if (expires) {
    const Duration left = *expires - clock_.now() - limits::kExecEarly;
    look_again_ = clock_.monotonic() + std::max(left, Duration::zero());
  }
  return {};
}

}  // namespace charter
