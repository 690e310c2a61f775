#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

// A subcommand of the program as plain values, so that any folder can offer one without knowing the command-line library.
namespace charter {

/// A named option: `--name VALUE`, or a bare switch.
struct CommandFlag {
  enum class Kind { Value, Switch };
  std::string name;        ///< without dashes, e.g. "data-dir"
  std::string help;
  std::string fallback;    ///< used when the flag is absent; a Switch that is given reads "true"
  Kind kind = Kind::Value;
  bool required = false;
  std::string letter = {};  ///< one-letter form without the dash, e.g. "f"; empty: none
};

/// What the user typed, checked against the command's flags.
struct CommandInput {
  std::map<std::string, std::string> flags;    ///< every declared flag has an entry
  std::vector<std::string> words;              ///< positional arguments
  const std::string& flag(const std::string& name) const { return flags.at(name); }
};

/// One subcommand. `run` returns the exit code.
struct Command {
  std::string name;        ///< "verify", or "sim list" for a nested one
  std::string summary;
  std::string example;     ///< shown by --help
  std::vector<CommandFlag> flags;
  std::string words_help;  ///< name of the positional arguments, e.g. "FILE…"; empty: none are allowed
  std::function<int(const CommandInput&)> run;
};

}  // namespace charter
