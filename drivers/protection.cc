#include "drivers/protection.h"

#include <algorithm>
#include <array>

namespace charter {
namespace {

constexpr std::array<std::string_view, 3> kWords = {"SharedNetwork", "TenantNetwork",
                                                    "DedicatedHost"};

}  // namespace

std::string_view tenancy_word(Tenancy tenancy) {
  return kWords[static_cast<size_t>(tenancy)];
}

Status check_possible(const Protection& wanted, const Safeguards& can) {
  const auto& list = can.tenancies;
  if (std::find(list.begin(), list.end(), wanted.tenancy) == list.end()) {
    return Error{Code::Forbidden, "can't isolate by " + std::string(tenancy_word(wanted.tenancy)),
                 "IsolationNotPossible"};
  }
  if (wanted.encrypted_at_rest && !can.encryption_at_rest)
    return Error{Code::Forbidden, "can't encrypt at rest", "EncryptionNotPossible"};
  return {};
}

std::string describe(const Protection& protection) {
  return std::string(tenancy_word(protection.tenancy)) +
         (protection.encrypted_at_rest ? ", encrypted at rest" : ", not encrypted at rest");
}

}  // namespace charter
