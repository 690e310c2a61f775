#pragma once

#include "controller/base/result.h"
#include "controller/object/view.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Calls from outside whose sender no identity of Kubernetes proves, only what they carry: a
// signature over their body. Registered by a kind, served by the API server under POST
// /receivers/RESOURCE/NAME.
namespace charter {

/// One such call.
struct ReceivedCall {
  std::string name;  ///< of the object that it is about; there may be none
  const std::vector<std::pair<std::string, std::string>>& headers;  ///< names in lower case
  std::string_view body;                                            ///< as sent
  const View& view;
};

/// Judges a call and starts what it asks for; the text is what the sender is told. MUST answer a
/// call that does not prove itself alike whether there is such an object or not, and MUST NOT
/// repeat what the call carries. Never waits for anything outside. Thread-safe. Errors:
/// Unauthorized, and what is wrong with a call that has proven itself.
using Receiver = std::function<Result<std::string>(const ReceivedCall&)>;

/// The receivers of one server, by resource ("widgets"). Thread-safe.
class Receivers {
 public:
  void add(const std::string& resource, Receiver receiver);
  /// Empty when there is none.
  Receiver find(const std::string& resource) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Receiver> receivers_;
};

}  // namespace charter
