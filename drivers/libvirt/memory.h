#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

// What was read of many things that rarely change, so that a look at all of them need not read each
// anew. Pure bookkeeping; it asks no host. A thing is due to be read when
//
//   it is not known yet, or its facts differ: a word for each thing that one bulk call gives;
//   it is in doubt: an event, or a change of our own;
//   nobody tells of changes, because the stream of events is down;
//   it is among the few that were not read for longest. A host changes in ways that no event tells
//   and no bulk call shows, and this bounds for how long that stays unseen.
//
// Thread-safe.
namespace charter::libvirt {

/// Values by name.
template <class Value>
class Memory {
 public:
  /// `told`: whether changes that facts do not show are told of from the beginning.
  explicit Memory(bool told) : told_(told) {}

  /// Of these names, with their facts, those to be read now: all that must be, and up to
  /// `again_max` others. Forgets every name that is not among them, but those that were read after
  /// `begun`, the tick before the facts were asked for: they may be newer than the facts.
  std::vector<std::string> due(const std::map<std::string, std::string>& facts, size_t again_max,
                               uint64_t begun) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) {
      return !facts.contains(entry.first) && entry.second.read_at < begun;
    });
    std::vector<std::string> names;
    std::vector<std::pair<uint64_t, std::string>> others;  // by age
    for (const auto& [name, fact] : facts) {
      const auto known = entries_.find(name);
      if (known == entries_.end() || known->second.facts != fact || !is_valid(name, known->second))
        names.push_back(name);
      else
        others.emplace_back(known->second.read_at, name);
    }
    again_max = std::min(again_max, others.size());
    std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(again_max),
                      others.end());
    for (size_t i = 0; i < again_max; ++i)
      names.push_back(std::move(others[i].second));
    return names;
  }

  /// To be asked before a reading begins: doubts that come later count against it.
  uint64_t tick() {
    const std::lock_guard lock(mutex_);
    return ++tick_;
  }
  void keep(const std::string& name, std::string facts, uint64_t read_at,
            std::shared_ptr<const Value> value) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    if (entry.value != nullptr && entry.read_at > read_at) return;  // another reader was later
    entry = {std::move(facts), read_at, std::move(value)};
    const auto doubt = doubts_.find(name);
    if (doubt != doubts_.end() && doubt->second < read_at) doubts_.erase(doubt);
  }
  /// nullptr when it was never read, or is gone.
  std::shared_ptr<const Value> find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(name);
    return known == entries_.end() ? nullptr : known->second.value;
  }

  void doubt(const std::string& name) {
    const std::lock_guard lock(mutex_);
    doubts_[name] = ++tick_;
    if (doubts_.size() <= entries_.size() + kStrayDoubtsMax) return;
    all_doubted_ = ++tick_;
    doubts_.clear();
  }
  /// As doubt, for names that there mostly is nothing of.
  void doubt_known(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(name)) doubts_[name] = ++tick_;
  }
  /// Whether somebody tells of changes from now on. Everything that was read before is due.
  void told(bool now) {
    const std::lock_guard lock(mutex_);
    told_ = now;
    all_doubted_ = ++tick_;
    doubts_.clear();
  }

 private:
  static constexpr size_t kStrayDoubtsMax = 1024;  // of names that no look has seen

  struct Entry {
    std::string facts;
    uint64_t read_at = 0;
    std::shared_ptr<const Value> value;
  };
  bool is_valid(const std::string& name, const Entry& entry) const {
    if (!told_ || entry.read_at <= all_doubted_) return false;
    const auto doubt = doubts_.find(name);
    return doubt == doubts_.end() || doubt->second < entry.read_at;
  }

  std::mutex mutex_;
  bool told_;
  uint64_t tick_ = 0;
  uint64_t all_doubted_ = 0;                ///< readings up to this tick are worth nothing
  std::map<std::string, uint64_t> doubts_;  ///< tick of the last doubt
  std::map<std::string, Entry> entries_;
};

}  // namespace charter::libvirt
