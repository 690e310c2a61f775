#pragma once

#include "controller/base/clock.h"
#include "controller/runtime/client.h"
#include "controller/runtime/rest_transport.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace charter {

/// One WATCH on the wire. One reader at a time.
class RestWatch final : public Watch {
 public:
  /// Makes an object of a tree.
  using Wrap = std::function<ObjectPtr(Json object, int64_t version)>;
  RestWatch(std::unique_ptr<RestStream> stream, const Clock& clock, Wrap wrap);

  /// Errors: Expired; Timeout when the server ended the watch in its time: it goes on from where it
  /// was; ServiceUnavailable when it broke.
  Result<std::vector<WatchEvent>> take(size_t max) override;
  void on_ready(std::function<void()> ready) override { stream_->on_ready(std::move(ready)); }

 private:
  Result<WatchEvent> read(const std::string& line) const;

  const std::unique_ptr<RestStream> stream_;
  const Clock& clock_;
  const Wrap wrap_;
  const Duration began_;
  bool told_ = false;
};

}  // namespace charter
