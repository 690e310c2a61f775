#pragma once

#include "controller/object/ledger.h"
#include "crds/types/contract.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

// The ledger's intervals as billing computes with them. Pure.
namespace charter::billing {

/// One interval under a contract.
struct UsedInterval {
  enum class Kind { Order, Machine, Volume };
  Kind kind = Kind::Order;
  bool active = false;  ///< of a machine: it ran; else it was there
  int64_t from_s = 0;
  int64_t to_s = 0;  ///< INT64_MAX while it lasts
  int64_t vcpus = 0, memory_bytes = 0, storage_bytes = 0;
  uint32_t terms = 0;         ///< of an order: index into Usage::terms
  uint32_t volume_class = 0;  ///< of a volume: index into Usage::classes
  int64_t id = 0;             ///< position of its beginning in the ledger
};

/// What one machine consumed between two readings of its counters. It belongs to the period in
/// which it ended: nobody knows when in between it was.
struct ConsumedAmounts {
  int64_t from_s = 0, to_s = 0;
  int64_t id = 0;  ///< as UsedInterval::id
  int64_t cpu_ns = 0, page_faults = 0;
  int64_t read_bytes = 0, written_bytes = 0, received_bytes = 0, sent_bytes = 0;
  int64_t of(Meter meter) const;
};

/// Terms that were in force for some time.
struct UsedTerms {
  std::string revision;
  std::vector<Contract::AgreedPrice> agreed;
  UnitCounts ordered;
};

/// What was used under one contract.
struct Usage {
  std::vector<UsedInterval> intervals;
  std::vector<ConsumedAmounts> consumed;  ///< by end, then id
  std::vector<UsedTerms> terms;
  std::vector<std::string> classes = {""};  ///< of volumes; the first is that of none
  int64_t position = 0;                     ///< of the ledger, up to which it is complete
};

/// Reads what overlaps [from, to); `beside`, if given, sees each entry too. Errors: the ledger's;
/// Invalid for an entry that is not ours, or for more than limits::kBilledIntervalsMax.
Result<Usage> read_usage(const LedgerReader& ledger, const LedgerQuery& query,
                         const std::function<void(const LedgerInterval&)>& beside = {});

}  // namespace charter::billing
