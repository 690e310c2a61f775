#pragma once

#include <string_view>

// CHECK ends the process on a programmer's error, in every build type. Input from outside must never
// reach one.
namespace charter {

/// Prints the failed condition with its place and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               std::string_view message = {});

}  // namespace charter

#define CHECK(condition)                                                \
  do {                                                                  \
    if (!(condition)) ::charter::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
#define CHECK_MSG(condition, message)                                            \
  do {                                                                           \
    if (!(condition)) ::charter::check_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)
