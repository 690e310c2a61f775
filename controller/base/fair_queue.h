#pragma once

#include "controller/base/check.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

// A queue that serves flows (tenants) fairly: start-time fair queueing (Goyal, Vin, Cheng 1996).
//
// Each flow has a tag, the virtual time at which its next item may start; taking an item moves the
// flow's tag on by the item's cost, and the flow with the smallest tag is next. Virtual time is the
// tag of what was taken last; a flow that comes back starts there at the earliest, so nobody saves
// up for a burst, and nobody who used little waits behind somebody who used much.
//
// Bound: while two flows both wait, what they were charged differs by no more than one item of
// each, plus what charge() added for an item in work. Within a flow items keep their order.
//
// Pure, no clock: costs are whatever the owner counts (bytes, rows, nanoseconds of CPU). Not
// thread-safe.
namespace charter {

/// True when a flow that holds `flow_held` of something may take `more`, with `total_held` of at
/// most `max` held by all: a flow may hold as much as is left free. A flow alone gets a half, two
/// greedy ones a third each, and there is always room for one more.
constexpr bool fits_share(size_t flow_held, size_t more, size_t total_held, size_t max) {
  return total_held <= max && flow_held + more <= max - total_held;
}

/// Items of flows, fair by cost.
template <class Item>
class FairQueue {
 public:
  struct Taken {
    std::string flow;
    Item item;
  };

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  /// Items of one flow.
  size_t size(const std::string& flow) const {
    const auto at = flows_.find(flow);
    return at == flows_.end() ? 0 : at->second.items.size();
  }
  /// Sum of costs of one flow's items.
  uint64_t cost(const std::string& flow) const {
    const auto at = flows_.find(flow);
    return at == flows_.end() ? 0 : at->second.cost;
  }
  /// Flows that are remembered: those that wait, and those whose tag is still ahead.
  size_t flows() const { return flows_.size(); }

  void push(const std::string& flow, Item item, uint64_t cost) {
    const auto [at, fresh] = flows_.try_emplace(flow);
    Flow& state = at->second;
    if (state.items.empty()) {
      if (!fresh) indebted_.erase({state.tag, &at->first});
      if (state.tag < now_) state.tag = now_;
      waiting_.insert({state.tag, &at->first});
    }
    state.items.emplace_back(std::move(item), cost);
    state.cost += cost;
    ++size_;
  }

  /// The next item. The queue must not be empty.
  Taken take() {
    auto taken = take_if([](const std::string&) { return true; });
    CHECK(taken.has_value());
    return std::move(*taken);
  }

  /// The next item of a flow for which `eligible(flow)` is true; nothing when no such flow waits.
  template <class Eligible>
  std::optional<Taken> take_if(const Eligible& eligible) {
    for (auto place = waiting_.begin(); place != waiting_.end(); ++place) {
      if (eligible(*place->second)) return take_from(place);
    }
    return std::nullopt;
  }

  /// Adds to what a flow has used, e.g. after its item was measured.
  void charge(const std::string& flow, uint64_t cost) {
    const auto [at, fresh] = flows_.try_emplace(flow);
    Flow& state = at->second;
    auto& index = state.items.empty() ? indebted_ : waiting_;
    if (!fresh) index.erase({state.tag, &at->first});
    state.tag = (state.tag < now_ ? now_ : state.tag) + cost;
    index.insert({state.tag, &at->first});
    forget();
  }

 private:
  struct Flow {
    uint64_t tag = 0;   // earliest virtual start of the next item
    uint64_t cost = 0;  // of the items
    std::deque<std::pair<Item, uint64_t>> items;
  };
  using Place = std::pair<uint64_t, const std::string*>;
  /// By tag; among equals by name, so that a run can be repeated.
  struct Earlier {
    bool operator()(const Place& a, const Place& b) const {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    }
  };
  using Index = std::set<Place, Earlier>;
  static constexpr size_t kIndebtedMax = 1024;  // flows remembered although they wait for nothing

  Taken take_from(typename Index::iterator place) {
    const auto at = flows_.find(*place->second);
    Flow& state = at->second;
    waiting_.erase(place);
    if (now_ < state.tag) now_ = state.tag;
    auto [item, cost] = std::move(state.items.front());
    state.items.pop_front();
    --size_;
    state.cost -= cost;
    state.tag += cost;
    (state.items.empty() ? indebted_ : waiting_).insert({state.tag, &at->first});
    Taken out{at->first, std::move(item)};
    forget();
    return out;
  }

  // A flow without items whose tag has passed is as good as new. Beyond the bound time moves on,
  // to the good of those who owe least.
  void forget() {
    while (!indebted_.empty()) {
      const Place first = *indebted_.begin();
      if (first.first > now_ && indebted_.size() <= kIndebtedMax) return;
      if (first.first > now_) now_ = first.first;
      indebted_.erase(indebted_.begin());
      flows_.erase(flows_.find(*first.second));
    }
  }

  std::unordered_map<std::string, Flow> flows_;  // its keys stay where they are
  Index waiting_;                                // flows with items
  Index indebted_;                               // flows without items whose tag is ahead of now_
  uint64_t now_ = 0;                             // virtual time
  size_t size_ = 0;
};

}  // namespace charter
