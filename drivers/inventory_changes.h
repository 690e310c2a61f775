#pragma once

#include "drivers/provider_driver.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// What changed between two looks at an endpoint: where hints come from that no event gave.
namespace charter {

/// uid -> everything the inventory says about it.
std::map<std::string, std::string> digests_of(const Inventory& inventory);

/// Keys that only one side has or whose values differ, sorted.
std::vector<std::string> differing_keys(const std::map<std::string, std::string>& before,
                                        const std::map<std::string, std::string>& now);

/// Hints at what differs from the look before; the first look hints at nothing. Thread-safe; no
/// lock is held while a hint runs.
class InventoryHints {
 public:
  void on_hint(ProviderDriver::Hint hint);
  /// Hints at every machine or volume that is not as it was, or is gone or new.
  void saw(const Inventory& inventory);

 private:
  std::mutex mutex_;  // guards the two below
  ProviderDriver::Hint hint_;
  std::optional<std::map<std::string, std::string>> seen_;  // uid -> what the last look saw of it
};

}  // namespace charter
