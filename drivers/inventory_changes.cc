#include "drivers/inventory_changes.h"

#include <algorithm>
#include <utility>

namespace charter {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += word + ",";
  return text;
}

}  // namespace

std::map<std::string, std::string> digests_of(const Inventory& inventory) {
  std::map<std::string, std::string> digests;
  for (const MachineState& m : inventory.machines) {
    digests[m.uid] = m.external_id + "/" + m.host + "/" + std::to_string(m.vcpus) + "/" +
                     std::to_string(m.memory_bytes) + "/" + std::to_string(m.staged_vcpus) + "/" +
                     std::to_string(m.staged_memory_bytes) + "/" +
                     std::to_string(static_cast<int>(m.power)) + "/" +
                     std::to_string(m.image_deployed) + "/" + m.address + "/" +
                     std::to_string(m.booted_at_s) + "/" + joined(m.volume_uids);
  }
  for (const VolumeState& v : inventory.volumes) {
    digests[v.uid] = v.external_id + "/" + v.host + "/" + std::to_string(v.size_bytes) + "/" +
                     joined(v.attached_to);
  }
  return digests;
}

std::vector<std::string> differing_keys(const std::map<std::string, std::string>& before,
                                        const std::map<std::string, std::string>& now) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) keys.push_back(key);
  }
  for (const auto& [key, value] : before) {
    if (!now.contains(key)) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void InventoryHints::on_hint(ProviderDriver::Hint hint) {
  const std::lock_guard lock(mutex_);
  hint_ = std::move(hint);
}

void InventoryHints::saw(const Inventory& inventory) {
  std::map<std::string, std::string> now = digests_of(inventory);
  std::vector<std::string> changed;
  ProviderDriver::Hint hint;
  {
    const std::lock_guard lock(mutex_);
    if (hint_ && seen_) changed = differing_keys(*seen_, now);
    seen_ = std::move(now);
    hint = hint_;
  }
  for (const std::string& uid : changed)
    hint(uid);
}

}  // namespace charter
