#include "reconcilers/invoice/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/invoice/admit.h"
#include "reconcilers/invoice/bills.h"
#include "reconcilers/invoice/look.h"
#include "reconcilers/invoice/plan.h"

#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

class InvoiceReconciler final : public Shell<Invoice, Observed, Action> {
 public:
  explicit InvoiceReconciler(const Runtime& rt)
      : Shell(rt,
              {.resource = kinds::invoices(), .component = "charter-invoice", .phase = phase_of}) {}

 private:
  Result<Invoice> read(const Json& object) const override { return read_invoice(object); }
  Json render(const Invoice::Status& status) const override { return status_json(status); }
  Result<Observed> observe(const Invoice& invoice) override { return look(invoice, rt_); }
  Step decide(const Invoice& invoice, const Observed& have) const override {
    return plan(invoice, have);
  }
  Status act(const Invoice&, const Action&) override { return {}; }
};

// The end of a contract makes its drafts due; an issued bill lets the next one go on.
std::vector<ObjectName> drafts_of(const std::string& contract_uid, const Caches& caches) {
  std::vector<ObjectName> names;
  const auto bucket = kinds::bucket(kinds::invoices());
  for (const auto& invoice : caches.list_by(bucket, kByContractUid, contract_uid)) {
    if (!condition_is_true(invoice->bare_tree(), "Ready"))
      names.push_back({invoice->header().ns, invoice->header().name});
  }
  return names;
}

std::vector<ObjectName> drafts_of_contract(const Encoded& contract, const Caches& caches) {
  return drafts_of(contract.header().uid, caches);
}

std::vector<ObjectName> drafts_beside(const Encoded& invoice, const Caches& caches) {
  const auto* uid = find_pair(invoice.header().fields, kContractUidField);
  return uid == nullptr ? std::vector<ObjectName>() : drafts_of(*uid, caches);
}

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .index = header_fields};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "invoice";
  spec.primary = kinds::invoices();
  spec.watches = {{kinds::contracts(), drafts_of_contract}, {kinds::invoices(), drafts_beside}};
  spec.indexes = {{kinds::invoices(), kByContractUid, index_by_field(kContractUidField)}};
  spec.reads = {kinds::service_offering_revisions()};
  spec.make = [](const Runtime& rt) { return std::make_unique<InvoiceReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::invoice
