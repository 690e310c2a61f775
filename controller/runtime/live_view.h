#pragma once

#include "controller/object/view.h"
#include "controller/runtime/client.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace charter {

/// The API server's present state as a View, asked for piece by piece and remembered, so that one
/// decision sees one state of each thing. Not for passes, which read the caches. Blocks. After a
/// failed look it shows nothing more: who decides on it must ask failure() first.
class LiveView final : public View {
 public:
  /// `resource_of` names the resource of a bucket, or nothing.
  using ResourceOf = std::function<std::optional<Gvr>(std::string_view bucket)>;
  LiveView(Client& client, ResourceOf resource_of)
      : client_(client), resource_of_(std::move(resource_of)) {}

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override;
  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override;
  /// Why something could not be seen.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Client& client_;
  const ResourceOf resource_of_;
  mutable std::optional<Error> failure_;
  mutable std::map<std::pair<std::string, ObjectName>, ObjectPtr> objects_;
  mutable std::map<std::pair<std::string, std::string>, std::vector<ObjectPtr>> lists_;
};

}  // namespace charter
