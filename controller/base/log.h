#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

// Structured, line-oriented log on stderr: time level component message key=value … Values are quoted
// and control characters escaped, so input cannot forge a line. Never pass a secret.
namespace charter {

/// Severity, in spdlog's order.
enum class LogLevel { Debug, Info, Warn, Error };

/// One key and its value in a log line.
using LogField = std::pair<std::string_view, std::string>;

/// Sets the lowest level that is written. Thread-safe. Default Info.
void set_log_level(LogLevel level);

/// Writes one line. Thread-safe; never throws, never blocks longer than a write to stderr.
void log(LogLevel level, std::string_view component, std::string_view message,
         std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view component, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Info, component, message, fields);
}
inline void log_warn(std::string_view component, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Warn, component, message, fields);
}
inline void log_error(std::string_view component, std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Error, component, message, fields);
}
inline void log_debug(std::string_view component, std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Debug, component, message, fields);
}

}  // namespace charter
