#pragma once

#include "controller/api/resource_verbs.h"

#include <condition_variable>
#include <mutex>
#include <optional>

// Writes of the program's own objects at start: the caller waits until they are durable.
namespace charter {

/// Waits for one write. Not on the writer.
class BlockingWrite {
 public:
  WriteDone done();
  Result<Written> take();

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<Result<Written>> result_;
};

/// Options of the program's own writes.
WriteOptions install_options();

}  // namespace charter
