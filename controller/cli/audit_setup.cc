#include "controller/cli/audit_setup.h"

#include "controller/base/limits.h"
#include "controller/cli/credentials.h"

#include <charconv>
#include <filesystem>

namespace charter {
namespace {

constexpr const char* kNone = "none";
constexpr uint64_t kMegabyte = 1024 * 1024;

/// A whole number of at least `least`.
Result<uint64_t> read_number(const CommandInput& input, const std::string& flag, uint64_t least,
                             uint64_t most) {
  const std::string& text = input.flag(flag);
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= least && out <= most)
    return out;
  return Error{Code::Invalid, "--" + flag + " " + text + ": expected a number from " +
                                  std::to_string(least) + " to " + std::to_string(most)};
}

Result<AuditPolicy> read_policy(const std::string& path) {
  if (path.empty()) return builtin_audit_policy();
  const auto text = read_file(path);
  if (!text) return Error{Code::Invalid, "--audit-policy-file " + path + ": cannot read"};
  if (text->size() > limits::kBodyBytesMax)
    return Error{Code::Invalid, "--audit-policy-file " + path + ": more than " +
                                    std::to_string(limits::kBodyBytesMax) + " bytes"};
  auto policy = parse_audit_policy(*text);
  if (policy) return policy;
  return Error{Code::Invalid, "--audit-policy-file " + path + ": " + policy.error().message};
}

Result<AuditMode> read_mode(const std::string& text) {
  if (text == "blocking-strict") return AuditMode::BlockingStrict;
  if (text == "best-effort") return AuditMode::BestEffort;
  return Error{Code::Invalid,
               "--audit-log-mode " + text + ": expected blocking-strict or best-effort"};
}

}  // namespace

std::vector<CommandFlag> audit_flags() {
  return {
      {"audit-policy-file", "audit.k8s.io/v1 Policy; empty: the built-in one (docs/audit.md)", ""},
      {"audit-log-path",
       "File for audit records; \"-\" is stdout, \"none\" no audit; empty: audit/audit.log in the "
       "data directory",
       ""},
      {"audit-log-mode",
       "blocking-strict: while records cannot be written, what may change something is refused; "
       "best-effort: it goes on",
       "blocking-strict"},
      {"audit-log-maxsize", "Megabytes of the file before it is rotated",
       std::to_string(limits::kAuditFileMegabytes)},
      {"audit-log-maxbackup", "Rotated files that are kept; 0: all",
       std::to_string(limits::kAuditBackups)},
      {"audit-log-maxage", "Days for which rotated files are kept; 0: for ever", "0"}};
}

std::string default_audit_log(const std::string& data_dir) {
  return data_dir + "/audit/audit.log";
}

std::string audit_head_file(const std::string& data_dir) {
  return data_dir + "/audit-head";
}

Result<AuditSettings> read_audit_settings(const CommandInput& input) {
  AuditSettings out;
  const std::string& data_dir = input.flag("data-dir");
  const std::string& path = input.flag("audit-log-path");
  out.enabled = path != kNone;
  CHARTER_TRY_ASSIGN(out.policy, read_policy(input.flag("audit-policy-file")));
  CHARTER_TRY_ASSIGN(out.mode, read_mode(input.flag("audit-log-mode")));
  CHARTER_TRY_ASSIGN(const uint64_t megabytes, read_number(input, "audit-log-maxsize", 1, 100'000));
  CHARTER_TRY_ASSIGN(const uint64_t backups,
                     read_number(input, "audit-log-maxbackup", 0, 1'000'000));
  CHARTER_TRY_ASSIGN(const uint64_t days, read_number(input, "audit-log-maxage", 0, 36'500));
  // Absolute both: the head file names the log, and `charter audit verify` may be called from
  // elsewhere.
  const auto absolute = [](const std::string& one) {
    return std::filesystem::absolute(one).lexically_normal().string();
  };
  const std::string chosen = path.empty() ? default_audit_log(data_dir) : path;
  out.journal.path = chosen == "-" ? chosen : absolute(chosen);
  out.journal.head_path = absolute(audit_head_file(data_dir));
  out.journal.file_bytes_max = megabytes * kMegabyte;
  out.journal.backups_max = backups;
  out.journal.age_max = std::chrono::hours(24) * static_cast<int64_t>(days);
  return out;
}

Result<AuditSetup> start_audit(AuditSettings settings, const Clock& clock, Random& random,
                               Metrics& metrics) {
  AuditSetup out;
  if (!settings.enabled) return out;
  if (settings.journal.path != "-") {
    const auto folder = std::filesystem::path(settings.journal.path).parent_path();
    std::error_code failed;
    if (std::filesystem::create_directories(folder, failed))
      std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    if (failed)
      return Error{Code::InternalError, folder.string() + ": cannot create: " + failed.message()};
  }
  CHARTER_TRY_ASSIGN(out.log, AuditLog::open({settings.journal}, clock, random, metrics));
  out.audit =
      std::make_unique<Audit>(std::move(settings.policy), settings.mode, *out.log, clock, metrics);
  return out;
}

}  // namespace charter
