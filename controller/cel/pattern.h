#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace charter::cel {

/// A compiled regular expression in RE2's syntax, which is Go's. Immutable; thread-safe.
class Pattern {
 public:
  /// Null when the expression is none, with `problem` saying why.
  static std::shared_ptr<const Pattern> compile(std::string_view expression, std::string& problem);
  /// True when some part of the text matches.
  bool matches(std::string_view text) const;
  /// The parts of the text that match, from left to right, at most `most`.
  std::vector<std::string> find(std::string_view text, size_t most) const;
  ~Pattern();

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace charter::cel
