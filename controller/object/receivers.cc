#include "controller/object/receivers.h"

namespace charter {

void Receivers::add(const std::string& resource, Receiver receiver) {
  const std::lock_guard lock(mutex_);
  receivers_[resource] = std::move(receiver);
}

Receiver Receivers::find(const std::string& resource) const {
  const std::lock_guard lock(mutex_);
  const auto found = receivers_.find(resource);
  return found == receivers_.end() ? Receiver() : found->second;
}

}  // namespace charter
