#include "reconcilers/billing/focus.h"

#include "reconcilers/billing/csv.h"
#include "reconcilers/common/metering.h"

namespace charter::billing {
namespace {

// In the order of the specification's table of columns.
const std::vector<std::string> kColumns = {"BilledCost",
                                           "BillingAccountId",
                                           "BillingAccountName",
                                           "BillingCurrency",
                                           "BillingPeriodEnd",
                                           "BillingPeriodStart",
                                           "ChargeCategory",
                                           "ChargeClass",
                                           "ChargeDescription",
                                           "ChargeFrequency",
                                           "ChargePeriodEnd",
                                           "ChargePeriodStart",
                                           "ConsumedQuantity",
                                           "ConsumedUnit",
                                           "ContractedCost",
                                           "ContractedUnitPrice",
                                           "EffectiveCost",
                                           "InvoiceIssuerName",
                                           "ListCost",
                                           "ListUnitPrice",
                                           "PricingCategory",
                                           "PricingQuantity",
                                           "PricingUnit",
                                           "ProviderName",
                                           "PublisherName",
                                           "ResourceId",
                                           "ResourceName",
                                           "ResourceType",
                                           "ServiceCategory",
                                           "ServiceName",
                                           "SkuId",
                                           "SkuPriceId",
                                           "SubAccountId",
                                           "SubAccountName",
                                           "Tags"};

bool is_flat(const RatedLine& line) {
  return line.interval_count == 0;
}

std::string service_category(const RatedLine& line) {
  if (line.meter == "storage" || line.meter == "bytes-read" || line.meter == "bytes-written")
    return "Storage";
  if (line.meter == "bytes-received" || line.meter == "bytes-sent") return "Networking";
  return line.meter == "subscription" ? "Other" : "Compute";
}

}  // namespace

std::string focus_header() {
  return csv_line(kColumns);
}

std::string focus_rows(const FocusFrame& frame, const std::vector<RatedLine>& lines) {
  std::string csv;
  const auto time = [](int64_t at_s) { return format_time(instant_of(at_s)); };
  for (const auto& line : lines) {
    const auto cost = line.amount.text();
    const auto quantity = is_flat(line) ? std::string() : line.quantity.text();
    const auto price = is_flat(line) ? std::string() : line.price.text();
    const auto unit = is_flat(line) ? std::string() : line.per;
    const bool recurring = line.meter == "subscription";
    csv += csv_line({cost,
                     frame.account,
                     frame.account_name,
                     frame.currency,
                     time(frame.billing_to_s),
                     time(frame.billing_from_s),
                     is_flat(line) ? "Adjustment"
                     : recurring   ? "Purchase"
                                   : "Usage",
                     "",
                     line.description,
                     recurring ? "Recurring" : "Usage-Based",
                     time(frame.charge_to_s),
                     time(frame.charge_from_s),
                     recurring ? "" : quantity,
                     recurring ? "" : unit,
                     cost,
                     price,
                     cost,
                     frame.issuer,
                     cost,
                     price,
                     is_flat(line) ? "" : "Standard",
                     quantity,
                     unit,
                     frame.issuer,
                     frame.issuer,
                     frame.contract_uid,
                     frame.contract_name,
                     "Contract",
                     service_category(line),
                     line.revision,
                     line.revision + "/" + line.meter + (line.unit.empty() ? "" : "/" + line.unit),
                     line.revision + "/" + line.meter + "/" + line.basis + "/" + line.rule,
                     frame.contract_uid,
                     frame.contract_name,
                     ""});
  }
  return csv;
}

}  // namespace charter::billing
