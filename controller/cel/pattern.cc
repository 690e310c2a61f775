#include "controller/cel/pattern.h"

#include "controller/cel/limits.h"
#include "controller/object/utf8.h"

#include <re2/re2.h>

#include <algorithm>

namespace charter::cel {

/// The wall around RE2.
struct Pattern::Compiled {
  Compiled(std::string_view expression, const re2::RE2::Options& options)
      : re(re2::StringPiece(expression.data(), expression.size()), options) {}
  re2::RE2 re;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::compile(std::string_view expression, std::string& problem) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(limits::kPatternMemoryBytes);
  auto compiled = std::make_unique<Compiled>(expression, options);
  if (!compiled->re.ok()) {
    problem = "error parsing regexp: " + compiled->re.error();
    return nullptr;
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::move(compiled)));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->re);
}

std::vector<std::string> Pattern::find(std::string_view text, size_t most) const {
  std::vector<std::string> out;
  const re2::StringPiece whole(text.data(), text.size());
  size_t at = 0;
  size_t last_end = std::string_view::npos;  // as Go: no empty match right after another match
  while (out.size() < most && at <= text.size()) {
    re2::StringPiece part;
    if (!compiled_->re.Match(whole, at, text.size(), re2::RE2::UNANCHORED, &part, 1)) break;
    const auto begin = static_cast<size_t>(part.data() - text.data());
    const size_t end = begin + part.size();
    if (!part.empty() || begin != last_end) out.emplace_back(part.data(), part.size());
    last_end = end;
    at = part.empty() ? end + std::max<size_t>(utf8_length(text, end), 1) : end;
  }
  return out;
}

}  // namespace charter::cel
