#pragma once

#include "controller/object/field_tallies.h"
#include "controller/object/view.h"
#include "controller/store/snapshot.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace charter {

/// The state that a guard sees in the writer's turn: the snapshot, and over it the writes of the
/// same group that were already accepted but are not committed. Lives for one turn, on the writer.
class TurnView final : public View {
 public:
  explicit TurnView(const Snapshot& base) : base_(base) {}

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override;
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override;
  Tally tally(std::string_view bucket, std::string_view ns, std::string_view field) const override;

  /// Puts an accepted write on top; a null object deletes.
  void record(const Key& key, ObjectPtr object);

 private:
  using Changes = std::map<ObjectName, ObjectPtr>;
  using Asked = std::pair<std::string, std::string>;  // namespace and field
  static void count_change(Tally& counts, std::string_view field, const ObjectPtr& before,
                           const ObjectPtr& after);

  const Snapshot& base_;
  std::map<std::string, Changes, std::less<>> changes_;
  // What was asked for in this turn, kept up with the changes since: by bucket.
  mutable std::map<std::string, std::map<Asked, Tally>, std::less<>> tallies_;
};

}  // namespace charter
