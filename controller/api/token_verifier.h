#pragma once

#include "controller/object/admit.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace charter {

/// Whose token this is.
struct TokenOwner {
  Caller caller;  ///< without system:authenticated
  std::vector<std::string> audiences;
};

/// Judges bearer tokens. Thread-safe.
class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  /// The owner, or nothing: of a token that is unknown, forged, expired, or meant for none of
  /// `audiences` (empty: for this API). MUST NOT say why to anybody but the log, and never the
  /// token.
  virtual std::optional<TokenOwner> verify(std::string_view token,
                                           const std::vector<std::string>& audiences) const = 0;
  /// For a token that `verify` did not know: true when keys are being fetched that may change this.
  /// Then calls `then` once, from a thread of its own, when they are there or cannot be had.
  virtual bool await(std::string_view /*token*/, std::function<void()> /*then*/) const {
    return false;
  }
};

}  // namespace charter
