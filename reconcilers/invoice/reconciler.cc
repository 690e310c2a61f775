#include "reconcilers/invoice/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/invoice/admit.h"
#include "reconcilers/invoice/plan.h"

#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

class InvoiceReconciler final : public Shell<Invoice, Nothing, Action> {
 public:
  explicit InvoiceReconciler(const Runtime& rt)
      : Shell(rt,
              {.resource = kinds::invoices(), .component = "charter-invoice", .phase = phase_of}) {}

 private:
  Result<Invoice> read(const Json& object) const override { return read_invoice(object); }
  Json render(const Invoice::Status& status) const override { return status_json(status); }
  Result<Nothing> observe(const Invoice&) override { return Nothing{}; }
  Step decide(const Invoice& object, const Nothing&) const override { return plan(object); }
  Status act(const Invoice&, const Action&) override { return {}; }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "invoice";
  spec.primary = kinds::invoices();
  spec.make = [](const Runtime& rt) { return std::make_unique<InvoiceReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::invoice
