#pragma once

#include "controller/base/limits.h"
#include "controller/object/digest.h"

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace charter {

/// What tokens say whose signature was verified, by their digest: to verify one costs a hundred
/// times more than the rest. What can end a token must be asked each time. The oldest of
/// kTokenCacheMax goes first. Thread-safe.
template <class Claims>
class VerifiedTokens {
 public:
  using Ptr = std::shared_ptr<const Claims>;

  /// What is known of the token; else what `verify` finds out, remembered unless it is null.
  template <class Verify>
  Ptr find_or(std::string_view token, Verify verify) {
    const std::string digest = sha256_hex(token);
    {
      const std::lock_guard lock(mutex_);
      const auto known = claims_.find(digest);
      if (known != claims_.end()) return known->second;
    }
    Ptr found = verify();
    if (!found) return nullptr;
    const std::lock_guard lock(mutex_);
    if (!claims_.emplace(digest, found).second) return found;
    order_.push_back(digest);
    if (order_.size() > limits::kTokenCacheMax) {
      claims_.erase(order_.front());
      order_.pop_front();
    }
    return found;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    claims_.clear();
    order_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, Ptr> claims_;
  std::list<std::string> order_;
};

}  // namespace charter
