#include "reconcilers/image/admit.h"

#include "controller/base/limits.h"
#include "controller/object/causes.h"
#include "reconcilers/common/findings.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::image {
namespace {

constexpr std::string_view kScheme = "https://";

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= limits::kLabelValueBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_label_character);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::string host_of(std::string_view url) {
  if (!url.starts_with(kScheme)) return {};
  const auto rest = url.substr(kScheme.size());
  const auto authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (authority.starts_with('[')) return std::string(authority.substr(0, authority.find(']') + 1));
  return std::string(authority.substr(0, authority.find(':')));
}

bool is_public_name(std::string_view host) {
  auto rest = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  if (rest.size() > limits::kNameBytesMax || rest.find('.') == std::string_view::npos) return false;
  std::string_view last;
  for (size_t dot = 0; dot != std::string_view::npos;) {
    dot = rest.find('.');
    last = rest.substr(0, dot);
    if (!is_label(last)) return false;
    if (dot != std::string_view::npos) rest = rest.substr(dot + 1);
  }
  // A last label that starts with a digit is an IPv4 address in one of its spellings (0x7f.1,
  // 127.1).
  if (is_digit(last.front())) return false;
  const auto top = lower(last);
  return top != "localhost" && top != "local" && top != "internal" && top != "localdomain";
}

void check_source(const Image::Source& source, std::vector<Cause>& causes) {
  const std::string field = "spec.source";
  if (source.upload) {
    causes.push_back(forbidden_cause(
        field + ".upload", "this server takes no uploads: state url and sha256 of the image"));
    return;
  }
  if (source.url.empty()) {
    causes.push_back(required_cause(field + ".url", "where the image is"));
    return;
  }
  if (source.sha256.empty()) {
    causes.push_back(required_cause(field + ".sha256", "the digest of the bytes at url"));
  }
  if (!is_public_name(host_of(source.url))) {
    causes.push_back(invalid_cause(field + ".url", source.url,
                                   "its host must be a public DNS name, not an address or a "
                                   "local name"));
  }
}

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  CHARTER_TRY_ASSIGN(const auto now, read_image(*request.object));
  if (!now.meta.deleted.empty()) return {};
  std::vector<Cause> causes;
  check_source(now.spec.source, causes);
  return verdict(std::move(causes));
}

}  // namespace charter::image
