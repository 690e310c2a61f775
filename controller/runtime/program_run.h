#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"

#include <string>
#include <utility>
#include <vector>

namespace charter {

/// A program to run, its environment beside our own, and its bounds. No shell is involved.
struct ProgramRun {
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  Duration timeout = std::chrono::seconds(30);
  size_t output_bytes_max = 1024 * 1024;
};

/// Runs it with no input and returns what it wrote to its standard output; its standard error is
/// ours. It is killed at the timeout. Errors: NotFound, Timeout, or InternalError with its exit
/// code.
Result<std::string> run_program_for_output(const ProgramRun& run);

}  // namespace charter
