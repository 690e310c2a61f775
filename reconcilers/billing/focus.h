#pragma once

#include "reconcilers/billing/rating.h"

#include <string>
#include <vector>

// Charges as the FinOps Open Cost and Usage Specification has them (FOCUS 1.0): one row a line of a
// bill. Columns that say nothing here are empty, as the specification wants them. Pure.
namespace charter::billing {

/// Whose charges they are and for when.
struct FocusFrame {
  std::string account, account_name;        ///< who is billed
  std::string contract_uid, contract_name;  ///< the sub-account
  std::string issuer;                       ///< who bills
  std::string currency;
  int64_t billing_from_s = 0, billing_to_s = 0;  ///< the calendar month
  int64_t charge_from_s = 0, charge_to_s = 0;    ///< the part of it that is charged
};

/// The line of column names.
std::string focus_header();
/// One row for each line.
std::string focus_rows(const FocusFrame& frame, const std::vector<RatedLine>& lines);

}  // namespace charter::billing
