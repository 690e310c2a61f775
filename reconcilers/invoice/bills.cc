#include "reconcilers/invoice/bills.h"

#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::invoice {

Pairs header_fields(const Json& invoice) {
  return {{kContractUidField, text_at(invoice, {"spec", "contractRef", "uid"})}};
}

Result<std::vector<Invoice>> bills_of(const Caches& caches, const std::string& contract_uid) {
  std::vector<Invoice> bills;
  const auto bucket = kinds::bucket(kinds::invoices());
  for (const auto& encoded : caches.list_by(bucket, kByContractUid, contract_uid)) {
    CHARTER_TRY_ASSIGN(auto bill, read_invoice(encoded->bare_tree()));
    bills.push_back(std::move(bill));
  }
  std::sort(bills.begin(), bills.end(), [](const Invoice& a, const Invoice& b) {
    return a.spec.period.from < b.spec.period.from;
  });
  return bills;
}

Result<Billing> billing_of(const Contract& contract, const Caches& caches) {
  Billing billing;
  const auto& status = contract.status;
  billing.is_charged = status.metering && status.active_since;
  if (!billing.is_charged) {
    billing.is_settled = true;
    billing.text = "nothing to bill: no usage was metered under this contract";
    return billing;
  }
  CHARTER_TRY_ASSIGN(const auto bills, bills_of(caches, contract.meta.uid));
  const auto draft = std::find_if(bills.begin(), bills.end(),
                                  [](const Invoice& bill) { return !is_issued(bill); });
  const bool complete = status.terminated_at &&
                        (bills.empty() ? *status.terminated_at <= *status.active_since
                                       : bills.back().spec.period.to >= *status.terminated_at);
  if (draft != bills.end()) {
    billing.text = "invoice " + draft->meta.name + " is not issued yet";
  } else if (!complete) {
    billing.text = "the final invoice is being made";
  } else {
    billing.is_settled = true;
    billing.text = bills.empty() ? "nothing to bill: it was in force for less than a second"
                                 : "final invoice " + bills.back().meta.name + ": " +
                                       bills.back().status.total + " " + bills.back().spec.currency;
  }
  return billing;
}

}  // namespace charter::invoice
