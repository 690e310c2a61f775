#pragma once

#include <string>
#include <string_view>

// The table of what was measured, each line next to its goal.
namespace charter::bench {

/// One line: a figure, and the goal it is held against.
struct Measured {
  enum class Goal { None, AtLeast, AtMost };
  std::string what;
  double value = 0;
  std::string unit;
  Goal direction = Goal::None;
  double goal = 0;
  std::string note = {};
};

/// Prints lines as they come, so that a run which is cut short still told what it knew. Counts
/// those that are not positive.
class Report {
 public:
  Report();
  void add(const Measured& line);
  /// Lines whose figure is not above zero although a working server always has one.
  int empty_lines() const { return empty_lines_; }

 private:
  int empty_lines_ = 0;
};

}  // namespace charter::bench
