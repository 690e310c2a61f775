#pragma once

#include "controller/object/admit.h"
#include "crds/types/contract.h"

#include <string>
#include <vector>

// Rules about what a contract asks for: account, offering, quantities, placement, term. Part of
// admit.h. Only what a write changes is judged, so that a finalizer or a label can be written
// although the offering is long gone. Pure.
namespace charter::contract {

/// One write of a contract.
struct ContractWrite {
  const Contract& now;
  const Contract* before = nullptr;  ///< null on create
  const AdmitRequest& request;
  const View& view;
};

/// Adds a cause for each field that is wrong. Errors: Forbidden when the account does not allow
/// contracts at all.
Status check_request(const ContractWrite& write, std::vector<Cause>& causes);

/// Why a namespace without an account takes no contracts.
Error no_account(const std::string& ns);
/// Why an account that is being closed takes no contracts.
Error closing_account(const std::string& account);

}  // namespace charter::contract
