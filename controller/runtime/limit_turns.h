#pragma once

#include "controller/base/clock.h"
#include "controller/object/admit.h"
#include "controller/object/view.h"
#include "controller/runtime/client.h"

#include <functional>
#include <string>
#include <vector>

// Limits where the rule and the write are not one transaction: an admission webhook answers, and the
// API server writes a moment later. Two writes that are judged in between would not see each other.
// So each decision that takes something is entered, by check-and-set, on a Lease that belongs to the
// object whose limit it is; the next decision reads the entries and counts them as if they had been
// written.
//
//   read the Lease -> judge on the API server's state with the entries over it -> write the Lease
//                  with ours                                                   -> Conflict: again
//
// An entry ends when its write is seen, or after kTurnLife: a write that was allowed and never came
// is counted that long. A write that comes later than that is not counted in between.
namespace charter {

/// See above. Thread-safe.
class LimitTurns {
 public:
  /// Leases are made in `ns`.
  LimitTurns(Client& client, std::string ns, const Clock& clock);

  /// One write that is being judged.
  struct Claim {
    std::string bucket;  ///< of the object that is written
    ObjectName name;     ///< it
    Pairs fields;        ///< its header fields when it is written, see KindHooks::index
    ObjectKey limited_by;
    bool dry_run = false;
  };
  using Judge = std::function<Status(const View&)>;
  /// Judges a claim in its turn. `live` runs a judge on the state of that moment. Errors: the
  /// judge's, TooManyRequests when others were always faster, or the API server's.
  Status judge(const Claim& claim, const std::function<Status(const Judge&)>& live,
               const Judge& judge);

 private:
  struct Entry;
  static std::vector<Entry> read(const Json& lease);
  Status write(const Json& lease, const Claim& claim, const std::vector<Entry>& entries);

  Client& client_;
  const std::string ns_;
  const Clock& clock_;
};

}  // namespace charter
