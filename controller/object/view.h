#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "controller/object/object.h"

// Read access to a consistent state of objects: implemented by the store's snapshot, by the writer inside
// its turn (where the state includes writes of the same group before this one), and by informer caches.
namespace charter {

/// Objects of all versions of a resource live in one bucket named "group/resource" ("/secrets" in the core group).
std::string bucket_of(std::string_view group, std::string_view resource);

/// How often each value of a header field occurs.
using Tally = std::map<std::string, int64_t, std::less<>>;

/// A consistent state. Lifetime: the call that hands it out.
class View {
 public:
  virtual ~View() = default;
  /// The object, or null.
  virtual ObjectPtr get(std::string_view bucket, const ObjectName& name) const = 0;
  /// Calls `visit` for each object of a bucket, in order of namespace and name; only of namespace `ns` unless that is empty.
  /// Stops when `visit` returns false.
  virtual void scan(std::string_view bucket, std::string_view ns,
                    const std::function<bool(const ObjectPtr&)>& visit) const = 0;
  /// Counts the values of a header field over the objects that `scan` would visit. This one does scan; the views that
  /// guards are asked on keep count instead (FieldTallies), so that a limit over 10,000 objects costs no walk over them.
  virtual Tally tally(std::string_view bucket, std::string_view ns, std::string_view field) const;
};

}  // namespace charter
