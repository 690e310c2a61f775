#pragma once

#include "controller/base/result.h"
#include "controller/object/value.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Metering as the runtime sees it: objects say in their status what they are charged for and since
// when, and the store writes each beginning and end into the ledger, in the transaction of the
// status that says so.
//
//   status before   status after        entries written with it
//   -               #1 since T          opened #1
//   #1 since T      #1 since T          -             state that lasts costs nothing
//   #1 since T      #1 since T until U  closed #1
//   #1 since T      #2 since U          closed #1 at U, opened #2    a resize
//   #1 since T      (object is gone)    closed #1 at the second of its deletion
//
// Intervals are half-open, [from, to), in whole seconds since 1970. All of it follows from the
// objects, so saying it twice is harmless; saying it differently is an error. Pure; thread-safe.
namespace charter {

/// One meter's newest interval, as an object's status states it.
struct MeterSpan {
  std::string meter;   ///< what kind of thing is counted, e.g. "machine"
  std::string basis;   ///< why it is counted, e.g. "Active"
  int64_t number = 0;  ///< 1, 2, 3 … for this object, meter and basis
  int64_t from_s = 0;
  std::optional<int64_t> to_s;  ///< nothing while it lasts
  std::string amounts;  ///< canonical JSON object of integers: what each second of it counts
  std::string detail;   ///< canonical JSON, for who rates it; may be empty
  std::string payer;    ///< uid of the object that is charged
  std::string payer_name, name, part_of;  ///< "ns/name" each: payer, the object, its parent
  std::string by, ended_by;               ///< who caused the beginning and the end, if known
  bool operator==(const MeterSpan&) const = default;
};

/// What an object's status says it is charged for: a kind registers this (KindHooks::meter). One
/// span for each meter and basis that ever began. Pure.
using MeterOf = std::function<std::vector<MeterSpan>(const Json& object)>;

/// A beginning or an end, to be written into the ledger.
struct LedgerEdge {
  std::string subject;  ///< uid of the metered object
  MeterSpan span;       ///< an end carries the whole interval
  bool closes() const { return span.to_s.has_value(); }
  bool operator==(const LedgerEdge&) const = default;
};

/// What the ledger gains when an object goes from one state to the next at the second `now_s`;
/// `after` is empty when it exists no more, and what it left open ends now. Errors: Invalid with
/// the field (status.metering…) when the states contradict each other or name the future.
Result<std::vector<LedgerEdge>> ledger_edges(const std::string& subject,
                                             const std::vector<MeterSpan>& before,
                                             const std::vector<MeterSpan>& after, int64_t now_s);

/// An interval as the ledger holds it.
struct LedgerInterval {
  std::string subject;
  MeterSpan span;
  int64_t opened = 0;  ///< position of its beginning in the ledger: the interval's id
  int64_t closed = 0;  ///< position of its end, 0 while it lasts
};

/// Write access to a ledger that stands beside the objects, because another API server keeps those:
/// what their states say is recorded as often as it is seen. Blocks. Thread-safe. Errors: Conflict
/// when a state contradicts what is on record, InsufficientStorage, InternalError.
class LedgerWriter {
 public:
  virtual ~LedgerWriter() = default;
  /// The object is in a state that says this (KindHooks::meter). All or nothing; what is on record
  /// already costs nothing.
  virtual Status record(const std::string& subject, const std::vector<MeterSpan>& spans) = 0;
  /// The object exists no more: what it left open ended at this second.
  virtual Status record_end(const std::string& subject, int64_t at_s) = 0;
  /// The uids of objects with an interval that lasts.
  virtual Result<std::vector<std::string>> open_subjects() const = 0;
};

/// The edges that a state tells of, whatever is on record but the intervals that `last` there.
/// Pure.
std::vector<LedgerEdge> ledger_edges_of_state(const std::string& subject,
                                              const std::vector<MeterSpan>& last,
                                              const std::vector<MeterSpan>& spans);

/// Which intervals to read.
struct LedgerQuery {
  std::string payer;
  int64_t from_s = 0, to_s = 0;  ///< those that overlap this
  /// The ledger as it was at this position; 0: as it is now.
  int64_t as_of = 0;
  /// What an interval is read with. A bill of a million intervals asks for when and how much only;
  /// subject, number, payer, payer_name, name, part_of, by and ended_by then mean nothing.
  enum class Columns { Everything, Amounts };
  Columns columns = Columns::Everything;
};

/// Read access to the ledger. Blocks; never on a wire or writer thread. Thread-safe.
class LedgerReader {
 public:
  virtual ~LedgerReader() = default;
  /// Calls `visit` with each interval that overlaps, in no particular order; all of one moment.
  /// Returns the position up to which entries were seen. Stops at the first error.
  virtual Result<int64_t> read_ledger(
      const LedgerQuery& query,
      const std::function<Status(const LedgerInterval&)>& visit) const = 0;
  /// Whether entries behind `position` change what a payer used before `to_s`.
  virtual Result<bool> is_changed_since(const std::string& payer, int64_t position,
                                        int64_t to_s) const = 0;
};

}  // namespace charter
