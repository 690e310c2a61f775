#pragma once

#include "crds/types/view.h"

// status.metering of what is charged for: since when, until when and how much. The store writes the
// ledger from it (controller/object/ledger.h), so it changes only when something begins or ends.
namespace charter {

/// The newest interval of one basis.
struct MeteredSpan {
  int64_t number = 0;  ///< counts the intervals of this basis, from 1
  Instant since{};
  std::optional<Instant> until;  ///< nothing while it lasts
  std::optional<int64_t> vcpus, memory_bytes, size_bytes;
  std::string by, ended_by;  ///< who caused the beginning and the end
  static void fields(auto& f, auto& s) {
    f.required("number", s.number);
    f.required("since", s.since);
    f("until", s.until);
    f("vcpus", s.vcpus);
    f("memory", as_bytes(s.memory_bytes));
    f("size", as_bytes(s.size_bytes));
    f("by", s.by);
    f("endedBy", s.ended_by);
  }
  bool lasts() const { return number > 0 && !until; }
  bool operator==(const MeteredSpan&) const = default;
};

/// Amounts that a machine consumed; what its host does not count is unset.
struct Consumed {
  std::optional<int64_t> cpu_ns, page_faults, read_bytes, written_bytes, received_bytes, sent_bytes;
  static void fields(auto& f, auto& s) {
    f("cpuNanoseconds", s.cpu_ns);
    f("pageFaults", s.page_faults);
    f("readBytes", s.read_bytes);
    f("writtenBytes", s.written_bytes);
    f("receivedBytes", s.received_bytes);
    f("sentBytes", s.sent_bytes);
  }
  bool operator==(const Consumed&) const = default;
};

/// What a machine consumed between the last two readings of its counters, and the last reading.
struct Consumption {
  int64_t number = 0;  ///< counts the intervals, from 1; 0 before the first
  std::optional<Instant> since, until;
  std::optional<Consumed> used;
  std::optional<Instant> read_at;  ///< nothing while they are not read
  std::string epoch;
  std::optional<Consumed> counters;
  static void fields(auto& f, auto& s) {
    f("number", s.number);
    f("since", s.since);
    f("until", s.until);
    f("used", s.used);
    f("readAt", s.read_at);
    f("epoch", s.epoch);
    f("counters", s.counters);
  }
  bool operator==(const Consumption&) const = default;
};

/// What a machine or volume is charged for.
struct Metering {
  std::string contract_uid;  ///< who pays; a namesake made later does not
  std::optional<MeteredSpan> allocated, active;
  std::optional<Consumption> consumption;  ///< of machines
  static void fields(auto& f, auto& s) {
    f.required("contractUID", s.contract_uid);
    f("allocated", s.allocated);
    f("active", s.active);
    f("consumption", s.consumption);
  }
  bool operator==(const Metering&) const = default;
};

}  // namespace charter
