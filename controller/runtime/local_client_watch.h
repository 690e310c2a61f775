#pragma once

#include "controller/api/resource_verbs.h"
#include "controller/object/labels.h"
#include "controller/runtime/client.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Watching the store's log from inside the process, for LocalClient.
namespace charter {

/// A parsed Selection.
class Chosen {
 public:
  static Result<Chosen> parse(const Selection& selection);
  bool everything() const { return labels_.empty() && fields_.empty(); }
  /// By labels and fields, and by namespace unless all are meant.
  bool matches(const Header& header) const;

 private:
  std::string ns_;
  Selector labels_, fields_;
};

/// A cursor over the log of one bucket. The store's publish callback only pokes.
class LocalWatch final : public Watch {
 public:
  LocalWatch(Store& store, std::string bucket, Chosen chosen, int64_t version);
  ~LocalWatch() override;
  /// An object that starts to match is Added, one that stops is Deleted: what the watcher sees is
  /// its own selection.
  Result<std::vector<WatchEvent>> take(size_t max) override;
  void on_ready(std::function<void()> ready) override;

 private:
  /// Outlives the watch while the store is inside the callback.
  struct Poke {
    std::mutex mutex;
    std::function<void()> ready;
    bool closed = false;
  };
  Store& store_;
  const std::string bucket_;
  const Chosen chosen_;
  int64_t cursor_;
  const std::shared_ptr<Poke> poke_ = std::make_shared<Poke>();
  int subscription_;
};

}  // namespace charter
