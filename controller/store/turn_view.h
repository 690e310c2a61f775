#pragma once

#include "controller/object/view.h"
#include "controller/store/snapshot.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace charter {

/// The state that a guard sees in the writer's turn: the snapshot, and over it the writes of the
/// same group that were already accepted but are not committed. Lives for one turn, on the writer.
class TurnView final : public View {
 public:
  explicit TurnView(const Snapshot& base) : base_(base) {}

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override;
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override;

  /// Puts an accepted write on top; a null object deletes.
  void record(const Key& key, ObjectPtr object);

 private:
  using Changes = std::map<ObjectName, ObjectPtr>;
  const Snapshot& base_;
  std::map<std::string, Changes, std::less<>> changes_;
};

}  // namespace charter
