#pragma once

#include "controller/object/object.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace charter {

/// Typed views of objects that many passes read and few change, such as a contract with ten thousand
/// instances: each state is parsed once. A state is known by its address, which the shelf keeps
/// alive, so none is ever taken for another. Thread-safe.
template <class T>
class Shelf {
 public:
  using View = std::shared_ptr<const T>;
  using Read = Result<T> (*)(const Json&);

  /// The view of an object's state, or null for a null object.
  Result<View> get(const ObjectPtr& object, Read read) {
    if (object == nullptr) return View();
    const std::string& uid = object->header().uid;
    {
      const std::lock_guard lock(mutex_);
      const auto kept = by_uid_.find(uid);
      if (kept != by_uid_.end() && kept->second.first == object) return kept->second.second;
    }
    CHARTER_TRY_ASSIGN(T parsed, read(object->bare_tree()));
    auto view = std::make_shared<const T>(std::move(parsed));
    const std::lock_guard lock(mutex_);
    if (by_uid_.size() >= kViewsMax) by_uid_.clear();
    by_uid_[uid] = {object, view};
    return View(std::move(view));
  }

 private:
  static constexpr size_t kViewsMax = 256;  // more are parsed again
  std::mutex mutex_;
  std::map<std::string, std::pair<ObjectPtr, View>> by_uid_;
};

}  // namespace charter
