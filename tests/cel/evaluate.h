#pragma once

#include "controller/cel/program.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace charter::cel::test {

/// What evaluating an expression without variables comes to: its value as JSON text would show it,
/// or "error: …", or what the compiler said.
inline std::string evaluated(const std::string& source) {
  std::string problem;
  const auto program = Program::compile(source, {}, problem);
  if (!program) return problem;
  const Outcome outcome = program->evaluate({});
  const Value& value = outcome.value;
  switch (value.kind()) {
    case Kind::Bool:
      return value.as_bool() ? "true" : "false";
    case Kind::Int:
      return std::to_string(value.as_int());
    case Kind::Uint:
      return std::to_string(value.as_uint()) + "u";
    case Kind::Double:
      return double_text(value.as_double());
    case Kind::String:
      return "'" + std::string(value.as_text()) + "'";
    case Kind::Error:
      return "error: " + std::string(value.as_text());
    case Kind::Timestamp:
      return timestamp_text(value.seconds(), value.nanos());
    case Kind::Duration:
      return duration_text(value.seconds(), value.nanos());
    default:
      return std::string(value.type_name());
  }
}

/// An expression and what it comes to.
struct Row {
  const char* source;
  const char* expected;
};

inline void expect_all(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(evaluated(row.source), row.expected) << row.source;
}

}  // namespace charter::cel::test
