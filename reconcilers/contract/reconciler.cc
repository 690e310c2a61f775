#include "reconcilers/contract/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/admit.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/contract/metering.h"
#include "reconcilers/contract/plan.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/contract/usage_document.h"
#include "reconcilers/invoice/bills.h"

#include <nlohmann/json.hpp>

namespace charter::contract {
namespace {

// What the contract says about its children is a count. Ten thousand of them becoming ready would
// otherwise rewrite it, and read all of them, for each.
constexpr Duration kGather = std::chrono::milliseconds(500);

class ContractReconciler final : public Shell<Contract, Observed, Action> {
 public:
  explicit ContractReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::contracts(),
                   .finalizers = {std::string(kFinalBillFinalizer)},
                   .component = "charter-contract",
                   .phase = phase_of}) {}

 private:
  Result<Contract> read(const Json& object) const override { return read_contract(object); }
  Json render(const Contract::Status& status) const override { return status_json(status); }
  Result<Observed> observe(const Contract& contract) override {
    return look(contract, rt_.caches, rt_.clock.now());
  }
  Step decide(const Contract& contract, const Observed& have) const override {
    return plan(contract, have);
  }

  Status act(const Contract& contract, const Action& action) override {
    const auto& resource = std::holds_alternative<DeleteInstance>(action)
                               ? kinds::service_instances()
                               : kinds::volumes();
    return std::visit(
        [&](const auto& target) -> Status {
          // The uid makes sure that a namesake made meanwhile lives on.
          auto gone = rt_.client.remove(resource, {contract.meta.ns, target.name},
                                        {.uid = target.uid, .propagation = "Background"});
          if (!gone && gone.error().code == Code::NotFound) return {};
          return gone;
        },
        action);
  }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit,
          .guard = guard,
          .index = contract_fields,
          .meter = meter,
          .documents = {{"usage", usage_document}},
          .limited_by = limited_by};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "contract";
  spec.primary = kinds::contracts();
  spec.watches = {{kinds::service_instances(), contract_of, kGather},
                  {kinds::machines(), contract_of, kGather},
                  {kinds::volumes(), contract_of, kGather},
                  {kinds::invoices(), contract_of},
                  {kinds::service_offerings(), contracts_of_offering},
                  {kinds::service_offering_revisions(), contracts_of_revision},
                  {kinds::accounts(), contracts_of_account}};
  spec.indexes = {
      {kinds::contracts(), kByOffering, index_by_field("spec.offeringRef.name")},
      {kinds::service_instances(), kByContract, contract_index},
      {kinds::machines(), kByContract, contract_index},
      {kinds::volumes(), kByContract, contract_index},
      {kinds::invoices(), invoice::kByContractUid, index_by_field(invoice::kContractUidField)}};
  spec.make = [](const Runtime& rt) { return std::make_unique<ContractReconciler>(rt); };
  watch_pauses(spec, PauseReach::NamespacedObject);
  return spec;
}

}  // namespace charter::contract
