#include "controller/cli/verify.h"

#include "controller/base/terminal.h"
#include "controller/cli/encryption_keys.h"
#include "controller/cli/ledger_address.h"
#include "controller/postgres/postgres_ledger.h"
#include "controller/store/verify.h"

#include <cstdio>

namespace charter {
namespace {

int fail(const Error& error) {
  std::fprintf(stderr, "charter verify: %s\n", error.message.c_str());
  return 2;
}

int tell(const std::vector<VerifyFinding>& findings) {
  for (const VerifyFinding& finding : findings) {
    std::printf("%s: %s\n", finding.where.c_str(), finding.what.c_str());
  }
  std::printf("%zu findings\n", findings.size());
  return findings.empty() ? 0 : 1;
}

int verify_directory(const CommandInput& input) {
  const std::string& data_dir = input.flag("data-dir");
  const std::string& key_file = input.flag("encryption-key-file");
  const auto sealer = load_sealer(encryption_key_file(data_dir, key_file));
  // Without keys everything else is still checked, and what is not is a finding.
  if (!sealer && (sealer.error().code != Code::NotFound || !key_file.empty()))
    return fail(sealer.error());
  const auto findings = verify_store(data_dir, sealer ? sealer->get() : nullptr, progress_bar());
  return findings ? tell(*findings) : fail(findings.error());
}

int verify_ledger(const PostgresAddress& address) {
  SystemClock clock;
  SystemRandom random;
  const auto ledger = PostgresLedger::open_to_read(address, clock, random);
  if (!ledger) return fail(ledger.error());
  std::vector<VerifyFinding> findings;
  const Status read = (*ledger)->verify([&](std::string where, std::string what) {
    findings.push_back({std::move(where), std::move(what)});
  });
  return read ? tell(findings) : fail(read.error());
}

int verify(const CommandInput& input) {
  const auto address = ledger_address(input);
  if (!address) return fail(address.error());
  const bool has_directory = !input.flag("data-dir").empty();
  if (has_directory == address->has_value())
    return fail({Code::Invalid, "give either --data-dir or a ledger"});
  return has_directory ? verify_directory(input) : verify_ledger(**address);
}

}  // namespace

Command verify_command() {
  Command command;
  command.name = "verify";
  command.summary = "Check a data directory, or a ledger in PostgreSQL, without changing it";
  command.example = "charter verify --data-dir ./data";
  command.flags = {{"data-dir", "Directory of the store", ""}, encryption_key_flag()};
  for (CommandFlag& flag : ledger_flags())
    command.flags.push_back(std::move(flag));
  command.run = verify;
  return command;
}

}  // namespace charter
