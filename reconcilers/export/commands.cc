#include "reconcilers/export/commands.h"

#include "controller/base/terminal.h"
#include "controller/runtime/command_server.h"
#include "reconcilers/export/reading.h"

#include <nlohmann/json.hpp>

#include <ostream>

namespace charter::exporting {
namespace {

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

std::string text_of(const Manifests& manifests) {
  std::string text;
  if (manifests.secrets != 0)
    text += "# Holds the contents of " + std::to_string(manifests.secrets) +
            " Secrets, readable by anybody who has this file.\n";
  for (const Json& document : manifests.documents)
    text += "---\n" + to_yaml(document);
  return text;
}

Status run(const CommandInput& input, std::ostream& out, std::ostream& err) {
  CHARTER_TRY_ASSIGN(const auto server, open_server(input));
  const Selected selected{input.flag("namespace"), input.flag("secrets") == "true"};
  CountLine line("objects read");
  CHARTER_TRY_ASSIGN(
      const auto manifests,
      read_manifests(*server.transport, selected, [&line](size_t objects) { line.show(objects); }));
  line.clear();
  CHARTER_TRY(write_output(out, input.flag("output"), text_of(manifests)));
  for (const auto& remark : manifests.remarks)
    err << "charter export: " << remark << "\n";
  if (manifests.secrets != 0)
    err << "charter export: the contents of " << manifests.secrets
        << " Secrets were written in plain\n";
  return {};
}

}  // namespace

Command command(std::ostream& out, std::ostream& err) {
  Command command;
  command.name = "export";
  command.summary =
      "Write what runs as manifests that can be applied: no status, nothing that the server or a "
      "controller makes, no Secrets, each document after those that it refers to. Applying them to "
      "the same server changes nothing";
  command.example =
      "charter export > everything.yaml                          # namespaces and all our kinds\n"
      "  charter export -n consumerco -o consumerco.yaml           # what lies in one namespace\n"
      "  charter export --kubeconfig ./data/kubeconfig | kubectl diff -f -    # says nothing\n"
      "  charter export --secrets > all.yaml                       # with Secrets, in plain\n"
      "Acceptances are not written: on another server each contract gets a new offer, to be "
      "accepted\nthere. Exit codes: 0 written, 1 failed, 2 wrong usage";
  command.flags = {
      {.name = "namespace", .help = "Only what lies in it; default: everything", .letter = "n"},
      {.name = "output", .help = "File; default: standard output", .letter = "o"},
      {.name = "secrets",
       .help = "Also the Secrets in these namespaces, and those referred to, with their "
               "contents in plain",
       .kind = CommandFlag::Kind::Switch}};
  for (auto& flag : server_flags())
    command.flags.push_back(std::move(flag));
  command.run = [&out, &err](const CommandInput& input) {
    const Status done = run(input, out, err);
    if (done) return kFine;
    err << "charter export: " << done.error().message << "\n";
    return done.error().code == Code::Invalid ? kWrongUsage : kFailed;
  };
  return command;
}

}  // namespace charter::exporting
