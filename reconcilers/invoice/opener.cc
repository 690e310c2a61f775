#include "reconcilers/invoice/opener.h"

#include "crds/types/account.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/invoice/bills.h"
#include "reconcilers/invoice/periods.h"

#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

// A zone that cannot be read is looked for again: somebody installs the database.
constexpr Duration kZoneRetry = std::chrono::minutes(10);
constexpr size_t kUidPartBytes = 8;

/// Whom a contract is billed to.
struct Payer {
  std::optional<UidRef> account;
  std::string time_zone = "UTC";
};

Result<Payer> payer_of(const Contract& contract, const Caches& caches) {
  Payer payer;
  const auto encoded = account_of(caches, contract.meta.ns);
  if (encoded == nullptr) return payer;
  CHARTER_TRY_ASSIGN(const auto account, read_account(encoded->bare_tree()));
  payer.account = UidRef{account.meta.name, account.meta.uid};
  payer.time_zone = account.spec.billing.time_zone;
  return payer;
}

class Opener final : public Reconciler {
 public:
  explicit Opener(const Runtime& rt) : rt_(rt) {}

  Outcome reconcile(const ObjectName& name) override {
    const auto encoded = rt_.caches.get(kinds::bucket(kinds::contracts()), name);
    if (encoded == nullptr) return Outcome::done();
    const auto contract = read_contract(encoded->bare_tree());
    if (!contract) return Outcome::stuck("InvalidSpec");
    if (!contract->status.metering || !contract->status.active_since) return Outcome::done();
    const auto next = look(*contract);
    // Admission asks for a zone that exists; one that vanished is waited for.
    if (!next) return Outcome::wait(kZoneRetry, "InvalidSettings");
    if (const auto* wait = std::get_if<WaitUntil>(&*next)) {
      return Outcome::wait(instant_of(wait->at_s) - rt_.clock.now(), "Active");
    }
    if (const auto* bill = std::get_if<Open>(&*next)) return open(*contract, *bill);
    return Outcome::done();
  }

 private:
  Result<NextBill> look(const Contract& contract) const {
    BilledContract facts;
    facts.active_since_s = seconds_of(*contract.status.active_since);
    facts.now_s = seconds_of(rt_.clock.now());
    if (contract.status.terminated_at) facts.ended_s = seconds_of(*contract.status.terminated_at);
    CHARTER_TRY_ASSIGN(const auto bills, bills_of(rt_.caches, contract.meta.uid));
    if (!bills.empty()) facts.billed_s = seconds_of(bills.back().spec.period.to);
    CHARTER_TRY_ASSIGN(const auto payer, payer_of(contract, rt_.caches));
    CHARTER_TRY_ASSIGN(const auto zone, billing::TimeZone::load(payer.time_zone));
    return next_bill(facts, zone);
  }

  // The contract's own name is for people; one that another bill has taken gets a part of the uid.
  // The bill itself may have come into the cache since it was looked for: it keeps its name, or a
  // second one would be made.
  std::string name_of(const Contract& contract, const Open& bill) const {
    const auto name = child_name({contract.meta.name, bill.name});
    const auto there = rt_.caches.get(kinds::bucket(kinds::invoices()), {contract.meta.ns, name});
    if (there == nullptr) return name;
    const auto taken = read_invoice(there->bare_tree());
    if (taken && taken->spec.contract.uid == contract.meta.uid &&
        seconds_of(taken->spec.period.from) == bill.from_s)
      return name;
    return child_name({contract.meta.name, bill.name, contract.meta.uid.substr(0, kUidPartBytes),
                       std::to_string(bill.from_s)});
  }

  Outcome open(const Contract& contract, const Open& bill) {
    const auto& accepted = contract.status.accepted;
    const auto encoded = !accepted
                             ? nullptr
                             : rt_.caches.get(kinds::bucket(kinds::service_offering_revisions()),
                                              {"", accepted->revision});
    if (encoded == nullptr) return Outcome::wait({}, "RevisionNotFound");
    const auto revision = read_service_offering_revision(encoded->bare_tree());
    const auto payer = payer_of(contract, rt_.caches);
    if (!revision || !payer) return Outcome::stuck("InvalidSpec");
    Invoice::Spec spec;
    spec.account = payer->account;
    spec.contract = {contract.meta.name, contract.meta.uid};
    spec.period = {instant_of(bill.from_s), instant_of(bill.to_s), bill.name, payer->time_zone,
                   bill.month_s};
    spec.currency = revision->spec.rates.currency;
    spec.is_final = bill.is_final;
    const ObjectName name{contract.meta.ns, name_of(contract, bill)};
    const auto made =
        rt_.client.create(kinds::invoices(), new_object(kinds::invoices(), name, spec_json(spec)));
    if (made || made.error().code == Code::AlreadyExists) return Outcome::again();
    return Outcome::retry(made.error());
  }

  const Runtime rt_;
};

std::vector<ObjectName> contract_of_bill(const Encoded& invoice, const Caches&) {
  const auto* name = find_pair(invoice.header().fields, "spec.contractRef.name");
  if (name == nullptr || name->empty()) return {};
  return {{invoice.header().ns, *name}};
}

}  // namespace

ControllerSpec opener() {
  ControllerSpec spec;
  spec.name = "invoice-opener";
  spec.primary = kinds::contracts();
  spec.watches = {{kinds::invoices(), contract_of_bill}};
  spec.indexes = {{kinds::invoices(), kByContractUid, index_by_field(kContractUidField)}};
  spec.reads = {kinds::accounts(), kinds::service_offering_revisions()};
  spec.make = [](const Runtime& rt) { return std::make_unique<Opener>(rt); };
  return spec;
}

}  // namespace charter::invoice
