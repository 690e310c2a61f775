#include "controller/base/limits.h"
#include "controller/object/labels.h"

#include <algorithm>

// The texts are those of k8s.io/apimachinery/pkg/util/validation, word for word: clients match on
// them.
namespace charter {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alphanumeric(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_dns_label(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || is_lower_or_digit(c); });
}

bool is_subdomain(std::string_view text) {
  for (size_t at = 0; at <= text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    if (!is_dns_label(text.substr(at, dot - at))) return false;
    at = dot + 1;
  }
  return true;
}

/// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_name_part(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || c == '_' || c == '.' || is_alphanumeric(c); });
}

constexpr const char* kSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

constexpr const char* kDnsLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

constexpr const char* kNamePartText =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

constexpr const char* kLabelValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

std::string too_long(size_t limit) {
  return "must be no more than " + std::to_string(limit) + " bytes";
}

/// Several problems of one value, as Kubernetes joins them.
void add(std::string& problems, const std::string& problem) {
  if (!problems.empty()) problems += "; ";
  problems += problem;
}

}  // namespace

std::string subdomain_problem(std::string_view name) {
  std::string problems;
  if (name.size() > limits::kNameBytesMax) add(problems, too_long(limits::kNameBytesMax));
  if (!is_subdomain(name)) add(problems, kSubdomainText);
  return problems;
}

std::string dns_label_problem(std::string_view name) {
  std::string problems;
  if (name.size() > limits::kLabelValueBytesMax) {
    add(problems, too_long(limits::kLabelValueBytesMax));
  }
  if (!is_dns_label(name)) add(problems, kDnsLabelText);
  return problems;
}

std::string qualified_name_problem(std::string_view key) {
  std::string problems;
  const auto slashes = std::count(key.begin(), key.end(), '/');
  if (slashes > 1) {
    return std::string("a valid label key ") + kNamePartText +
           " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
  }
  std::string_view name = key;
  if (slashes == 1) {
    const std::string_view prefix = key.substr(0, key.find('/'));
    name = key.substr(prefix.size() + 1);
    if (prefix.empty()) {
      add(problems, "prefix part must be non-empty");
    } else if (const std::string problem = subdomain_problem(prefix); !problem.empty()) {
      add(problems, "prefix part " + problem);
    }
  }
  if (name.empty()) {
    add(problems, "name part must be non-empty");
  } else if (name.size() > limits::kLabelKeyNameBytesMax) {
    add(problems, "name part " + too_long(limits::kLabelKeyNameBytesMax));
  }
  if (!is_name_part(name)) add(problems, std::string("name part ") + kNamePartText);
  return problems;
}

std::string label_value_problem(std::string_view value) {
  std::string problems;
  if (value.size() > limits::kLabelValueBytesMax) {
    add(problems, too_long(limits::kLabelValueBytesMax));
  }
  if (!value.empty() && !is_name_part(value)) add(problems, kLabelValueText);
  return problems;
}

}  // namespace charter
