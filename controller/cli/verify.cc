#include "controller/cli/verify.h"

#include <cstdio>

#include "controller/base/terminal.h"
#include "controller/cli/encryption_keys.h"
#include "controller/store/verify.h"

namespace charter {

Command verify_command() {
  Command command;
  command.name = "verify";
  command.summary = "Check a data directory without changing it";
  command.example = "charter verify --data-dir ./data";
  command.flags = {{"data-dir", "Directory of the store", "", CommandFlag::Kind::Value, true}, encryption_key_flag()};
  command.run = [](const CommandInput& input) {
    const auto sealer = load_sealer(encryption_key_file(input.flag("data-dir"), input.flag("encryption-key-file")));
    // Without keys everything else is still checked, and what is not is a finding.
    if (!sealer && (sealer.error().code != Code::NotFound || !input.flag("encryption-key-file").empty())) {
      std::fprintf(stderr, "charter verify: %s\n", sealer.error().message.c_str());
      return 2;
    }
    const auto findings = verify_store(input.flag("data-dir"), sealer ? sealer->get() : nullptr,
                                       progress_bar());
    if (!findings) {
      std::fprintf(stderr, "charter verify: %s\n", findings.error().message.c_str());
      return 2;
    }
    for (const VerifyFinding& finding : *findings) {
      std::printf("%s: %s\n", finding.where.c_str(), finding.what.c_str());
    }
    std::printf("%zu findings\n", findings->size());
    return findings->empty() ? 0 : 1;
  };
  return command;
}

}  // namespace charter
