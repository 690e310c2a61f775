#include "tests/bench/report.h"

#include <cstdio>

namespace charter::bench {
namespace {

std::string goal_text(const Measured& line) {
  if (line.direction == Measured::Goal::None) return "";
  char text[64];
  std::snprintf(text, sizeof text, "%s %.6g",
                line.direction == Measured::Goal::AtLeast ? ">=" : "<=", line.goal);
  return text;
}

const char* verdict(const Measured& line) {
  switch (line.direction) {
    case Measured::Goal::AtLeast:
      return line.value >= line.goal ? "met" : "missed";
    case Measured::Goal::AtMost:
      return line.value <= line.goal ? "met" : "missed";
    case Measured::Goal::None:
      break;
  }
  return "";
}

}  // namespace

Report::Report() {
  std::printf("%-52s %12s %-8s %12s %-7s %s\n", "measure", "figure", "unit", "goal", "", "note");
}

void Report::add(const Measured& line) {
  std::printf("%-52s %12.6g %-8s %12s %-7s %s\n", line.what.c_str(), line.value, line.unit.c_str(),
              goal_text(line).c_str(), verdict(line), line.note.c_str());
  std::fflush(stdout);
  // Zero is a figure only where it is the goal: nothing written, no CPU used.
  const bool zero_is_good = line.direction == Measured::Goal::AtMost && line.value == 0;
  if (!(line.value > 0) && !zero_is_good) ++empty_lines_;
}

}  // namespace charter::bench
