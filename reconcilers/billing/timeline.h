#pragma once

#include "controller/object/ledger.h"

#include <cstdint>
#include <string>
#include <vector>

// What was done in a period, told from the ledger. Pure.
//
//   entry                                        -> action
//   machine runs for the first time              Provisioned
//   machine does not run any more                Deactivated
//   machine runs again                           Reactivated
//   it ends and begins in one second             Resized
//   volume is there; is not there any more       Provisioned; Removed
//   order begins; ends                           Ordered; OrderEnded
namespace charter::billing {

/// One action on things of one parent at one second.
struct TimelineAction {
  int64_t at_s = 0;
  std::string action, object,
      by;  ///< object: "ns/name" of machines' instance, or of the thing itself
  int64_t count = 0;
  bool operator==(const TimelineAction&) const = default;
};

/// Collects a period's actions.
class Timeline {
 public:
  Timeline(int64_t from_s, int64_t to_s) : from_s_(from_s), to_s_(to_s) {}
  void add(const LedgerInterval& interval);
  /// In order of time; same action, object and actor in one second are one.
  std::vector<TimelineAction> actions() const;

 private:
  /// A beginning or an end of one thing.
  struct Edge {
    int64_t at_s = 0;
    std::string subject, meter, object, by;
    bool begins = false;
    bool is_first = false;
  };
  void note(const LedgerInterval& interval, int64_t at_s, bool begins);

  const int64_t from_s_, to_s_;
  std::vector<Edge> edges_;
};

}  // namespace charter::billing
