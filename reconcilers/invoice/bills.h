#pragma once

#include "controller/runtime/caches.h"
#include "crds/types/contract.h"
#include "crds/types/invoice.h"

#include <optional>
#include <string>
#include <vector>

// The bills of one contract, through the caches, and whether all is billed: what Contract and
// Account wait for before they go.
namespace charter::invoice {

/// Index of Invoices by the uid of the contract that they bill.
inline constexpr const char* kByContractUid = "invoice contract uid";
/// Header field of an Invoice for it (KindHooks::index).
inline constexpr const char* kContractUidField = "contract-uid";

/// Header fields of an Invoice.
Pairs header_fields(const Json& invoice);
/// All bills of the contract with this uid, by period. Errors: one that cannot be read.
Result<std::vector<Invoice>> bills_of(const Caches& caches, const std::string& contract_uid);
/// An issued one is never changed again.
inline bool is_issued(const Invoice& invoice) {
  return invoice.status.issued_at.has_value();
}

/// How far a contract is billed.
struct Billing {
  bool is_charged = false;  ///< something was metered under it
  bool is_settled = false;  ///< every bill up to its end is issued
  std::string text;         ///< "final bill orders-2026-06: 996.02 USD", or what is missing
};
/// `caches` must have kByContractUid.
Result<Billing> billing_of(const Contract& contract, const Caches& caches);

}  // namespace charter::invoice
