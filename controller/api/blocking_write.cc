#include "controller/api/blocking_write.h"

namespace charter {

WriteDone BlockingWrite::done() {
  return [this](Result<Written> result) {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    ready_.notify_one();
  };
}

Result<Written> BlockingWrite::take() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return result_.has_value(); });
  return std::move(*result_);
}

WriteOptions install_options() {
  WriteOptions options;
  options.caller = {
      "system:charter", "", {"system:masters", "system:authenticated"}, "charter", {}};
  options.field_manager = "charter-install";
  return options;
}

}  // namespace charter
