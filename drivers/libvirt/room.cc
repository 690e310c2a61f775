#include "drivers/libvirt/room.h"

#include "drivers/size.h"

#include <utility>

namespace charter::libvirt {
namespace {

bool fits(const Capacity& need, const Capacity& room) {
  return need.vcpus <= room.vcpus && need.memory_bytes <= room.memory_bytes &&
         need.storage_bytes <= room.storage_bytes;
}

/// The part of `wanted` that is more than what is there: shrinking always fits.
Capacity growth(const Capacity& wanted, const Capacity& now) {
  const auto more = [](int64_t a, int64_t b) { return a > b ? a : 0; };
  return {more(wanted.vcpus, now.vcpus), more(wanted.memory_bytes, now.memory_bytes),
          more(wanted.storage_bytes, now.storage_bytes)};
}

}  // namespace

std::string describe(const Capacity& amount) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (amount.vcpus != 0) add(std::to_string(amount.vcpus) + " vcpus");
  if (amount.memory_bytes != 0) add(format_size(amount.memory_bytes) + " memory");
  if (amount.storage_bytes != 0) add(format_size(amount.storage_bytes) + " storage");
  return text.empty() ? "nothing" : text;
}

void Room::saw(const Capacity& total, std::map<std::string, Capacity> used) {
  std::lock_guard lock(mutex_);
  total_ = total;
  std::map<std::string, Entry> now;
  for (const auto& [uid, entry] : entries_) {
    if (entry.pending) now.emplace(uid, entry);
  }
  for (const auto& [uid, amount] : used)
    now.try_emplace(uid, Entry{.amount = amount, .before = amount});
  entries_ = std::move(now);
}

Capacity Room::free_without(const std::string& uid) const {
  Capacity free = total_;
  for (const auto& [other, entry] : entries_) {
    if (other == uid) continue;
    free.vcpus -= entry.amount.vcpus;
    free.memory_bytes -= entry.amount.memory_bytes;
    free.storage_bytes -= entry.amount.storage_bytes;
  }
  return free;
}

Status Room::take(const std::string& uid, const Capacity& need) {
  std::lock_guard lock(mutex_);
  const auto known = entries_.find(uid);
  const Capacity now = known == entries_.end() ? Capacity{} : known->second.amount;
  const Capacity more = growth(need, now);
  if (!fits(more, total_)) {
    return Error{Code::Invalid,
                 "asked " + describe(need) + ": larger than the host, also when it is empty",
                 "Infeasible"};
  }
  const Capacity free = free_without(uid);
  if (!fits(more, free)) {
    return Error{Code::TooManyRequests,
                 "asked " + describe(need) + ": the host could give it " + describe(free),
                 "WaitForCapacity"};
  }
  Entry& entry = entries_[uid];
  if (!entry.pending) entry.before = now;
  entry.amount = need;
  entry.pending = true;
  return {};
}

void Room::made(const std::string& uid) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return;
  found->second.pending = false;
  found->second.before = found->second.amount;
}

void Room::gave_up(const std::string& uid) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return;
  if (found->second.before == Capacity{}) {
    entries_.erase(found);
    return;
  }
  found->second.pending = false;
  found->second.amount = found->second.before;
}

void Room::removed(const std::string& uid) {
  std::lock_guard lock(mutex_);
  entries_.erase(uid);
}

Capacity Room::of(const std::string& uid) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(uid);
  return found == entries_.end() ? Capacity{} : found->second.amount;
}

}  // namespace charter::libvirt
