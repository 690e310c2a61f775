#include "controller/cli/audit_command.h"

#include "controller/api/audit_verify.h"
#include "controller/base/terminal.h"
#include "controller/cli/audit_setup.h"

#include <cstdio>

namespace charter {
namespace {

int fail(const Error& error) {
  std::fprintf(stderr, "charter audit verify: %s\n", error.message.c_str());
  return 2;
}

/// Errors: Invalid for flags that do not fit, as read_audit_head.
Result<AuditVerifyOptions> read_options(const CommandInput& input) {
  AuditVerifyOptions out;
  out.log_path = input.flag("log-path");
  const std::string& data_dir = input.flag("data-dir");
  if (out.log_path.empty() && data_dir.empty())
    return Error{Code::Invalid, "--data-dir or --log-path is required"};
  if (!data_dir.empty()) {
    CHARTER_TRY_ASSIGN(out.head, read_audit_head(audit_head_file(data_dir)));
    if (out.log_path.empty())
      out.log_path = out.head ? out.head->log_path : default_audit_log(data_dir);
    if (out.log_path == "-")
      return Error{Code::Invalid,
                   "the records went to stdout: name the file that holds them with --log-path"};
  }
  if (const std::string& point = input.flag("known"); !point.empty()) {
    out.known = parse_chain_point(point);
    if (!out.known)
      return Error{Code::Invalid,
                   "--known " + point + ": expected SEQUENCE:DIGEST, as this command prints it"};
  }
  out.progress = progress_bar();
  return out;
}

int verify(const CommandInput& input) {
  const auto options = read_options(input);
  if (!options) return fail(options.error());
  const auto verified = verify_audit_log(*options);
  if (!verified) return fail(verified.error());
  for (const AuditFinding& finding : verified->findings)
    std::printf("%s\n", to_string(finding).c_str());
  if (!options->head)
    std::printf("note: no head file was read: a cut off end would not be noticed\n");
  std::printf("%llu records in %llu files, %llu faults; newest is %s\n",
              static_cast<unsigned long long>(verified->records),
              static_cast<unsigned long long>(verified->files),
              static_cast<unsigned long long>(verified->faults), to_string(verified->last).c_str());
  return verified->faults == 0 ? 0 : 1;
}

}  // namespace

Command audit_verify_command() {
  Command command;
  command.name = "audit verify";
  command.summary =
      "Compute the audit log's chain anew and tell what was changed, removed or put in";
  command.example =
      "charter audit verify --data-dir ./data\n"
      "  charter audit verify --data-dir ./data --known 4711:9f86d0…   # a point printed earlier, "
      "kept elsewhere\n"
      "  charter audit verify --log-path ./copy/audit.log              # a copy: its end cannot be "
      "proven\n"
      "Exit code: 0 nothing was changed, 1 there are faults, 2 it could not be verified";
  command.flags = {{"data-dir", "Data directory of the server, running or not", ""},
                   {"log-path", "The current file of the log; its earlier files lie beside it", ""},
                   {"known", "SEQUENCE:DIGEST that must be in the chain", ""}};
  command.run = verify;
  return command;
}

}  // namespace charter
