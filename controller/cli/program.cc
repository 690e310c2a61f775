#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "controller/cli/audit_command.h"
#include "controller/cli/ca_rotation.h"
#include "controller/cli/cluster_definitions.h"
#include "controller/cli/encryption_commands.h"
#include "controller/cli/identity_commands.h"
#include "controller/cli/operator_process.h"
#include "controller/cli/plan_command.h"
#include "controller/cli/product.h"
#include "controller/cli/serve.h"
#include "controller/cli/verify.h"

// The one file that knows the command-line library: turns Command values into subcommands.
namespace charter {
namespace {

/// Values that CLI11 fills in for one command.
struct Typed {
  std::map<std::string, std::string> values;
  std::map<std::string, bool> switches;
  std::vector<std::string> words;
};

void bind_flag(CLI::App& app, const CommandFlag& flag, Typed& typed) {
  const std::string names = (flag.letter.empty() ? "" : "-" + flag.letter + ",") + "--" + flag.name;
  if (flag.kind == CommandFlag::Kind::Switch) {
    app.add_flag(names, typed.switches[flag.name], flag.help);
    return;
  }
  std::string& value = typed.values[flag.name];
  value = flag.fallback;
  auto* option = app.add_option(names, value, flag.help)->capture_default_str();
  if (flag.required) option->required();
}

/// "sim list" becomes `list` below `sim`.
CLI::App* find_or_add(CLI::App& root, const std::string& name, const std::string& summary) {
  const size_t space = name.find(' ');
  if (space == std::string::npos) return root.add_subcommand(name, summary);
  const std::string group = name.substr(0, space);
  CLI::App* parent = nullptr;
  for (CLI::App* known : root.get_subcommands([](CLI::App*) { return true; })) {
    if (known->get_name() == group) parent = known;
  }
  if (!parent) {
    parent = root.add_subcommand(group, "Commands of " + group + "; see `charter " + group + " --help`");
    parent->require_subcommand(1);
  }
  return find_or_add(*parent, name.substr(space + 1), summary);
}

CommandInput to_input(const Command& command, const Typed& typed) {
  CommandInput input;
  input.words = typed.words;
  for (const CommandFlag& flag : command.flags) {
    if (flag.kind == CommandFlag::Kind::Switch) {
      input.flags[flag.name] = typed.switches.at(flag.name) ? "true" : "";
    } else {
      input.flags[flag.name] = typed.values.at(flag.name);
    }
  }
  return input;
}

std::vector<Command> all_commands(const Product& product) {
  std::vector<Command> commands{serve_command(product), operator_command(product), plan_command(product),
                                verify_command(), audit_verify_command(), definitions_command(product)};
  commands.push_back({"version", "Print the version", "charter version", {}, "", [version = product.version](const CommandInput&) {
                        std::printf("charter %s\n", version.c_str());
                        return 0;
                      }});
  for (Command& command : identity_commands()) commands.push_back(std::move(command));
  for (Command& command : ca_commands()) commands.push_back(std::move(command));
  for (Command& command : encryption_commands()) commands.push_back(std::move(command));
  commands.insert(commands.end(), product.commands.begin(), product.commands.end());
  return commands;
}

}  // namespace

int run_program(int argc, char** argv, const Product& product) {
  CLI::App app{"Charter turns contracts in YAML into running, metered and billed capacity.", "charter"};
  app.require_subcommand(1);
  app.footer("Example:\n  charter serve --data-dir ./data --listen 127.0.0.1:7443\n  kubectl --kubeconfig ./data/kubeconfig get charter -A");
  const std::vector<Command> commands = all_commands(product);
  std::vector<std::unique_ptr<Typed>> typed;
  int exit_code = 0;
  for (const Command& command : commands) {
    CLI::App* sub = find_or_add(app, command.name, command.summary);
    sub->footer("Example:\n  " + command.example);
    Typed& values = *typed.emplace_back(std::make_unique<Typed>());
    for (const CommandFlag& flag : command.flags) bind_flag(*sub, flag, values);
    if (!command.words_help.empty()) sub->add_option(command.words_help, values.words, "");
    sub->callback([&command, &values, &exit_code] { exit_code = command.run(to_input(command, values)); });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return exit_code;
}

}  // namespace charter
