#include "controller/api/static_tokens.h"

#include "controller/api/jwt.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/object/digest.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace charter {
namespace {

constexpr std::string_view kPrefix = "charter.";
constexpr size_t kSecretWords = 4;  // of 64 bits
constexpr size_t kIdLength = 6;

Error bad(size_t place, const std::string& what) {
  return {Code::Invalid, "tokens[" + std::to_string(place) + "]: " + what};
}

bool is_name(const std::string& text) {
  if (text.empty() || text.size() > limits::kIdentityNameBytesMax) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

Result<StaticToken> read_entry(const Json& entry, size_t place) {
  StaticToken out{text_at(entry, {"id"}),
                  text_at(entry, {"sha256"}),
                  text_at(entry, {"user"}),
                  text_at(entry, {"uid"}),
                  {},
                  {}};
  if (out.id.empty()) return bad(place, "id is missing");
  if (out.sha256.size() != 64) return bad(place, "sha256 is no digest");
  if (!is_name(out.user)) return bad(place, "user is missing or no name");
  if (const Json* groups = at(entry, {"groups"})) {
    if (!groups->is_array() || groups->size() > limits::kIdentityGroupsMax)
      return bad(place, "groups is no list, or too long");
    for (const Json& group : *groups) {
      if (!group.is_string() || !is_name(group.get<std::string>()))
        return bad(place, "a group is no name");
      out.groups.push_back(group.get<std::string>());
    }
  }
  if (const std::string expires = text_at(entry, {"expires"}); !expires.empty()) {
    out.expires = parse_time(expires);
    if (!out.expires) return bad(place, "expires is no time");
  }
  return out;
}

/// Changes whenever the file does; empty when there is none.
std::string stamp_of(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return {};
  return std::to_string(found.st_ino) + "." + std::to_string(found.st_size) + "." +
         std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec);
}

}  // namespace

Result<std::vector<StaticToken>> parse_static_tokens(std::string_view text) {
  CHARTER_TRY_ASSIGN(const Json tree, parse_json(text));
  const Json* list = at(tree, {"tokens"});
  if (!list || !list->is_array()) return Error{Code::Invalid, "tokens: is missing or no list"};
  if (list->size() > limits::kStaticTokensMax) {
    return Error{Code::Invalid, "tokens: " + std::to_string(list->size()) + " entries, at most " +
                                    std::to_string(limits::kStaticTokensMax)};
  }
  std::vector<StaticToken> out;
  for (const Json& entry : *list) {
    CHARTER_TRY_ASSIGN(StaticToken token, read_entry(entry, out.size()));
    out.push_back(std::move(token));
  }
  return out;
}

std::string write_static_tokens(const std::vector<StaticToken>& tokens) {
  Json list = Json::array();
  for (const StaticToken& token : tokens) {
    Json entry = {
        {"id", token.id}, {"sha256", token.sha256}, {"user", token.user}, {"groups", token.groups}};
    if (!token.uid.empty()) entry["uid"] = token.uid;
    if (token.expires) entry["expires"] = format_time(*token.expires);
    list.push_back(std::move(entry));
  }
  return Json{{"tokens", std::move(list)}}.dump(2) + "\n";
}

std::string make_static_token(StaticToken& entry, Random& random) {
  std::string secret;
  for (size_t i = 0; i < kSecretWords; ++i) {
    const uint64_t word = random.next();
    for (int shift = 0; shift < 64; shift += 8)
      secret += static_cast<char>(word >> shift & 0xff);
  }
  entry.id = random_name_suffix(random, kIdLength);
  std::string token = std::string(kPrefix) + entry.id + "." + encode_base64url(secret);
  entry.sha256 = sha256_hex(token);
  return token;
}

std::shared_ptr<const StaticTokens::ByDigest> StaticTokens::current() const {
  const std::string stamp = stamp_of(path_);
  const std::lock_guard lock(mutex_);
  if (stamp == stamp_) return tokens_;
  stamp_ = stamp;
  auto read = std::make_shared<ByDigest>();
  if (!stamp.empty()) {
    std::ifstream in(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto entries = parse_static_tokens(text);
    // A broken file gives nobody anything: to guess what it meant would be to let somebody in.
    if (!entries) {
      log_error("tokens", entries.error().message, {{"file", path_}});
      tokens_ = std::move(read);
      return tokens_;
    }
    for (StaticToken& entry : *entries) {
      std::string digest = entry.sha256;
      read->emplace(std::move(digest), std::move(entry));
    }
  }
  tokens_ = std::move(read);
  return tokens_;
}

std::optional<TokenOwner> StaticTokens::verify(std::string_view token,
                                               const std::vector<std::string>& audiences) const {
  // They are meant for this API and nobody else.
  if (!audiences.empty() || !token.starts_with(kPrefix) || token.size() > limits::kTokenBytesMax)
    return std::nullopt;
  const auto tokens = current();
  const auto found = tokens->find(sha256_hex(token));
  if (found == tokens->end()) return std::nullopt;
  const StaticToken& entry = found->second;
  if (entry.expires && clock_.now() >= *entry.expires) return std::nullopt;
  return TokenOwner{{entry.user, entry.uid, entry.groups, "", {}}, {}};
}

}  // namespace charter
