#pragma once

#include "controller/api/rbac_table.h"
#include "controller/store/store.h"

#include <memory>
#include <mutex>
#include <string>

// The one place that decides: members of system:masters may do everything, all others what RBAC
// allows. Follows the roles and bindings in the store; by the time the writer of one hears that it
// is durable, it is in force.
namespace charter {

/// A decision. `reason` is kube-apiserver's, and may be empty.
struct Decision {
  bool allowed = false;
  std::string reason;
};

/// Thread-safe; the store outlives it.
class Authorizer {
 public:
  explicit Authorizer(Store& store);
  ~Authorizer();
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;

  /// For every request: no words are made up.
  bool allows(const Caller& caller, const AccessRequest& request) const;
  /// The same with words, for reviews and refusals.
  Decision decide(const Caller& caller, const AccessRequest& request) const;
  /// Success, or Forbidden in kube-apiserver's words.
  Status check(const Caller& caller, const AccessRequest& request) const;
  /// The rules in force now.
  std::shared_ptr<const RbacTable> table() const;

 private:
  void follow(bool concerned, int64_t revision);
  void load(const char* resource);

  Store& store_;
  std::mutex follow_mutex_;  // held while the compiler works
  RbacCompiler compiler_;
  int64_t cursor_ = 0;
  int subscription_ = 0;
  mutable std::mutex table_mutex_;
  std::shared_ptr<const RbacTable> table_;
};

/// True for members of system:masters, who are asked nothing.
bool is_master(const Caller& caller);

/// `widgets.conv.dev "a" is forbidden: User "dev" cannot get resource "widgets" in API group
/// "conv.dev" in the namespace "sem"`.
Error forbidden_access(const Caller& caller, const AccessRequest& request,
                       const std::string& reason);

}  // namespace charter
