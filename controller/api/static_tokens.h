#pragma once

#include "controller/api/token_verifier.h"
#include "controller/base/clock.h"
#include "controller/base/random.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

// Tokens that an administrator made with `charter token create`: a file that holds their SHA-256,
// never the tokens. A token has 256 random bits, so a plain digest can't be guessed back. The
// server reads the file again when it changed.
namespace charter {

/// One entry of the file.
struct StaticToken {
  std::string id;      ///< public part: names the token in lists
  std::string sha256;  ///< of the whole token, hex
  std::string user, uid;
  std::vector<std::string> groups;
  std::optional<Instant> expires;
};

/// Reads the file's text. Errors: Invalid, naming the entry and member.
Result<std::vector<StaticToken>> parse_static_tokens(std::string_view text);
/// The file's text.
std::string write_static_tokens(const std::vector<StaticToken>& tokens);

/// A new token for `entry`; fills in its id and digest. `random` MUST be the kernel's.
std::string make_static_token(StaticToken& entry, Random& random);

/// Judges tokens by the file. Thread-safe.
class StaticTokens final : public TokenVerifier {
 public:
  /// A file that does not exist holds no token.
  StaticTokens(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
  std::optional<TokenOwner> verify(std::string_view token,
                                   const std::vector<std::string>& audiences) const override;

 private:
  using ByDigest = std::unordered_map<std::string, StaticToken>;
  std::shared_ptr<const ByDigest> current() const;

  const std::string path_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const ByDigest> tokens_ = std::make_shared<const ByDigest>();
  mutable std::string stamp_;  // of the file that was read: inode, size, time of change
};

}  // namespace charter
