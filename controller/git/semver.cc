#include "controller/git/semver.h"

#include "controller/git/git_reader.h"
#include "controller/git/limits.h"

#include <algorithm>
#include <charconv>

namespace charter {
namespace {

constexpr size_t kDigitsMax = 18;  // below 2^63 in any case

std::optional<uint64_t> number(std::string_view text) {
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_any(std::string_view part) {
  return part == "x" || part == "X" || part == "*";
}

/// A version of which the last numbers may be missing or any: "1.2", "1.x".
struct Partial {
  Semver version;
  size_t given = 0;  ///< how many numbers
};

std::optional<Partial> parse_partial(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    for (const auto part : split(text.substr(plus + 1), '.'))
      if (!is_identifier(part)) return std::nullopt;
    text = text.substr(0, plus);
  }
  Partial made;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    for (const auto part : split(text.substr(dash + 1), '.')) {
      if (!is_identifier(part)) return std::nullopt;
      made.version.pre_release.emplace_back(part);
    }
    text = text.substr(0, dash);
  }
  const auto parts = split(text, '.');
  if (parts.size() > 3) return std::nullopt;
  uint64_t* const numbers[] = {&made.version.major, &made.version.minor, &made.version.patch};
  bool any = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    any = any || is_any(parts[i]);
    if (any && !is_any(parts[i])) return std::nullopt;
    if (any) continue;
    const auto value = number(parts[i]);
    if (!value) return std::nullopt;
    *numbers[i] = *value;
    made.given = i + 1;
  }
  if (made.given < 3 && !made.version.pre_release.empty() && (any || made.given == 0))
    return std::nullopt;
  return made;
}

/// The lowest version above everything that a partial stands for: 1.2 -> 1.3.0-0.
Semver next_after(const Semver& version, size_t given) {
  Semver next = version;
  if (given == 1) next = {version.major + 1, 0, 0, {}};
  if (given == 2) next = {version.major, version.minor + 1, 0, {}};
  if (given == 3) next = {version.major, version.minor, version.patch + 1, {}};
  return next;
}

int compare_identifiers(const std::string& a, const std::string& b) {
  const auto left = number(a), right = number(b);
  if (left && right) return *left < *right ? -1 : *left > *right ? 1 : 0;
  if (left || right) return left ? -1 : 1;  // numbers come before words
  return a.compare(b);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

Error not_a_range(std::string_view part) {
  return Error{Code::Invalid,
               "ref.semver: \"" + std::string(part) + "\" is no version or bound, such as >=1.2.0",
               kGitInvalid};
}

}  // namespace

std::optional<Semver> Semver::parse(std::string_view text) {
  const auto made = parse_partial(text);
  if (!made || made->given == 0) return std::nullopt;
  if (text.find_first_of("xX*") != std::string_view::npos && made->given < 3) return std::nullopt;
  return made->version;
}

int Semver::compare(const Semver& a, const Semver& b) {
  if (a.major != b.major) return a.major < b.major ? -1 : 1;
  if (a.minor != b.minor) return a.minor < b.minor ? -1 : 1;
  if (a.patch != b.patch) return a.patch < b.patch ? -1 : 1;
  if (a.pre_release.empty() != b.pre_release.empty()) return a.pre_release.empty() ? 1 : -1;
  for (size_t i = 0; i < std::min(a.pre_release.size(), b.pre_release.size()); ++i) {
    const int order = compare_identifiers(a.pre_release[i], b.pre_release[i]);
    if (order != 0) return order;
  }
  if (a.pre_release.size() == b.pre_release.size()) return 0;
  return a.pre_release.size() < b.pre_release.size() ? -1 : 1;
}

Status SemverRange::read_part(std::string_view part, All& all) {
  static constexpr std::string_view kOperators[] = {">=", "<=", "!=", "=", ">", "<", "~", "^"};
  std::string_view sign;
  for (const auto candidate : kOperators)
    if (sign.empty() && part.starts_with(candidate)) sign = candidate;
  const auto partial = parse_partial(trim(part.substr(sign.size())));
  if (!partial) return not_a_range(part);
  const Semver& low = partial->version;
  const size_t given = partial->given;
  if (given == 0) {  // "*": everything, whatever sign stands before it
    if (sign == "!=" || sign == "<" || sign == ">") return not_a_range(part);
    all.push_back({Order::GreaterOrEqual, {}});
    return {};
  }
  const Semver above = next_after(low, given);
  if (sign == ">") {
    all.push_back({given == 3 ? Order::Greater : Order::GreaterOrEqual, given == 3 ? low : above});
  } else if (sign == ">=") {
    all.push_back({Order::GreaterOrEqual, low});
  } else if (sign == "<") {
    all.push_back({Order::Less, low});
  } else if (sign == "<=") {
    all.push_back({given == 3 ? Order::LessOrEqual : Order::Less, given == 3 ? low : above});
  } else if (sign == "!=") {
    if (given != 3) return not_a_range(part);
    all.push_back({Order::NotEqual, low});
  } else if (sign == "^" || sign == "~") {
    size_t kept = sign == "~" ? std::min<size_t>(given, 2) : 1;
    if (sign == "^" && low.major == 0 && given >= 2) kept = low.minor == 0 && given == 3 ? 3 : 2;
    all.push_back({Order::GreaterOrEqual, low});
    all.push_back({Order::Less, next_after(low, kept)});
  } else if (given == 3) {
    all.push_back({Order::Equal, low});
  } else {
    all.push_back({Order::GreaterOrEqual, low});
    all.push_back({Order::Less, above});
  }
  return {};
}

Result<SemverRange::All> SemverRange::read_all(std::string_view text) {
  All all;
  const size_t hyphen = text.find(" - ");
  if (hyphen != std::string_view::npos) {
    CHARTER_TRY(read_part(">=" + std::string(trim(text.substr(0, hyphen))), all));
    CHARTER_TRY(read_part("<=" + std::string(trim(text.substr(hyphen + 3))), all));
    return all;
  }
  std::string joined;  // without the spaces between a sign and its version
  for (const char c : text) {
    const bool after_sign =
        !joined.empty() && std::string_view("<>=!~^").find(joined.back()) != std::string_view::npos;
    if (c == ' ' && after_sign) continue;
    joined += c == ',' ? ' ' : c;
  }
  for (const auto part : split(joined, ' '))
    if (!part.empty()) CHARTER_TRY(read_part(part, all));
  if (all.empty()) return not_a_range(text);
  return all;
}

Result<SemverRange> SemverRange::parse(std::string_view text) {
  if (text.size() > limits::kGitRangeBytesMax)
    return Error{Code::Invalid,
                 "ref.semver: longer than " + std::to_string(limits::kGitRangeBytesMax) + " bytes",
                 kGitInvalid};
  SemverRange range;
  while (true) {
    const size_t end = text.find("||");
    CHARTER_TRY_ASSIGN(auto all, read_all(trim(text.substr(0, end))));
    range.any_.push_back(std::move(all));
    if (end == std::string_view::npos) return range;
    text.remove_prefix(end + 2);
  }
}

bool SemverRange::holds(const Bound& bound, const Semver& version) {
  const int order = Semver::compare(version, bound.version);
  switch (bound.order) {
    case Order::Equal:
      return order == 0;
    case Order::NotEqual:
      return order != 0;
    case Order::Less:
      return order < 0;
    case Order::LessOrEqual:
      return order <= 0;
    case Order::Greater:
      return order > 0;
    case Order::GreaterOrEqual:
      return order >= 0;
  }
  return false;
}

bool SemverRange::contains(const Semver& version) const {
  return std::any_of(any_.begin(), any_.end(), [&version](const All& all) {
    const bool asked = std::any_of(all.begin(), all.end(),
                                   [](const Bound& b) { return !b.version.pre_release.empty(); });
    if (!version.pre_release.empty() && !asked) return false;
    return std::all_of(all.begin(), all.end(),
                       [&version](const Bound& b) { return holds(b, version); });
  });
}

}  // namespace charter
