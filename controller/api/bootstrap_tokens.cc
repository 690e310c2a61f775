#include "controller/api/bootstrap_tokens.h"

#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kSecrets = "/secrets";
constexpr const char* kNamespace = "kube-system";
constexpr const char* kType = "bootstrap.kubernetes.io/token";
constexpr std::string_view kGroup = "system:bootstrappers";
constexpr size_t kIdLength = 6;
constexpr size_t kSecretLength = 16;

bool is_word(std::string_view text, size_t length) {
  return text.size() == length && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

/// A decoded key of the Secret; empty when it is not there.
std::string data_of(const Json& secret, const char* key) {
  return decode_base64(text_at(secret, {"data", key})).value_or(std::string());
}

/// Adds the extra groups; false when one is not a bootstrapper's.
bool take_groups(const std::string& text, std::vector<std::string>& groups) {
  for (size_t from = 0; from < text.size();) {
    const size_t comma = std::min(text.find(',', from), text.size());
    std::string group = text.substr(from, comma - from);
    from = comma + 1;
    if (!group.starts_with(std::string(kGroup) + ":") ||
        groups.size() == limits::kIdentityGroupsMax)
      return false;
    groups.push_back(std::move(group));
  }
  return true;
}

}  // namespace

std::optional<TokenOwner> BootstrapTokens::verify(std::string_view token,
                                                  const std::vector<std::string>& audiences) const {
  if (!audiences.empty() || token.size() != kIdLength + 1 + kSecretLength ||
      token[kIdLength] != '.')
    return std::nullopt;
  const std::string id(token.substr(0, kIdLength));
  const std::string_view secret = token.substr(kIdLength + 1);
  if (!is_word(id, kIdLength) || !is_word(secret, kSecretLength)) return std::nullopt;
  const ObjectPtr object = store_.get(kSecrets, {kNamespace, "bootstrap-token-" + id});
  if (!object || object->header().deleting) return std::nullopt;
  const Json tree = object->bare_tree();
  const std::string known = data_of(tree, "token-secret");
  if (text_at(tree, {"type"}) != kType || data_of(tree, "token-id") != id ||
      known.size() != secret.size() ||
      CRYPTO_memcmp(known.data(), secret.data(), known.size()) != 0 ||
      data_of(tree, "usage-bootstrap-authentication") != "true") {
    return std::nullopt;
  }
  const std::string expiration = data_of(tree, "expiration");
  const auto expires = parse_time(expiration);
  if (!expiration.empty() && (!expires || clock_.now() >= *expires)) return std::nullopt;
  TokenOwner owner{{"system:bootstrap:" + id, "", {std::string(kGroup)}, "", {}}, {}};
  if (!take_groups(data_of(tree, "auth-extra-groups"), owner.caller.groups)) return std::nullopt;
  return owner;
}

}  // namespace charter
