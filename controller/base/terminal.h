#pragma once

#include <cstdint>
#include <functional>
#include <string>

// What a person sees at a terminal while a command works. Nothing is drawn when standard error is
// none: logs and pipes stay clean.
namespace charter {

/// Told of how much of a long command's work is done.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

/// Draws a bar; an empty function when standard error is no terminal.
Progress progress_bar();

/// A count on a line of its own, for work whose end is not known: "12,500 objects read". The line
/// is gone when this is.
class CountLine {
 public:
  explicit CountLine(std::string what) : what_(std::move(what)) {}
  ~CountLine() { clear(); }
  CountLine(const CountLine&) = delete;
  CountLine& operator=(const CountLine&) = delete;

  void show(uint64_t count);
  void clear();

 private:
  const std::string what_;
  bool drawn_ = false;
};

}  // namespace charter
