#include "reconcilers/account/reconciler.h"

#include "crds/types/kinds.h"
#include "reconcilers/account/admit.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/account/plan.h"
#include "reconcilers/account/role_writes.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/common/writers.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/invoice/bills.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::account {
namespace {

// Two accounts can claim a namespace only where admission was not asked: the older one has it, and
// of two made in the same second the first by name.
bool is_older(const Meta& a, const Meta& b) {
  return std::pair(a.created, a.name) < std::pair(b.created, b.name);
}

std::vector<std::string> taken_namespaces(const Account& account, const Caches& caches) {
  std::vector<std::string> taken;
  caches.scan(kinds::bucket(kinds::accounts()), "", [&](const ObjectPtr& other) {
    if (other->header().name == account.meta.name) return true;
    for (const auto& ns : namespaces_of(other->header())) {
      const auto& own = account.spec.namespaces;
      if (std::find(own.begin(), own.end(), ns) == own.end()) continue;
      if (!is_older(read_meta(other->bare_tree()), account.meta)) continue;
      taken.push_back(ns + " (account " + other->header().name + ")");
    }
    return true;
  });
  return taken;
}

std::vector<ObjectName> account_of_contract(const Encoded& contract, const Caches& caches) {
  const auto account = account_of(caches, contract.header().ns);
  if (account == nullptr) return {};
  return {{"", account->header().name}};
}

std::vector<ObjectName> account_of_namespace(const Encoded& ns, const Caches& caches) {
  const auto account = account_of(caches, ns.header().name);
  if (account == nullptr) return {};
  return {{"", account->header().name}};
}

std::vector<ObjectName> account_of_role(const Encoded& role, const Caches&) {
  const auto* account = find_pair(role.header().labels, kAccountLabel);
  if (account == nullptr) return {};
  return {{"", *account}};
}

// Contracts that have ended: whether their last bill is issued.
Status look_at_bills(const Account& account, const Caches& caches, Observed& have) {
  std::vector<ObjectPtr> contracts;
  for (const auto& ns : account.spec.namespaces) {
    if (ns.empty()) continue;
    caches.scan(kinds::bucket(kinds::contracts()), ns, [&contracts](const ObjectPtr& contract) {
      if (contract::has_ended(contract->header())) contracts.push_back(contract);
      return true;
    });
  }
  for (const auto& encoded : contracts) {
    CHARTER_TRY_ASSIGN(const auto contract, read_contract(encoded->bare_tree()));
    CHARTER_TRY_ASSIGN(const auto billing, invoice::billing_of(contract, caches));
    if (!billing.is_charged) continue;
    auto text = contract.meta.ns + "/" + contract.meta.name + ": " + billing.text;
    (billing.is_settled ? have.bills : have.unbilled).push_back(std::move(text));
  }
  return {};
}

class AccountReconciler final : public Shell<Account, Observed, Action> {
 public:
  explicit AccountReconciler(const Runtime& rt)
      : Shell(rt, {.resource = kinds::accounts(),
                   .finalizers = {std::string(kFinalBillFinalizer), std::string(kRolesFinalizer)},
                   .component = "charter-account",
                   .phase = phase_of}) {}

 private:
  Result<Account> read(const Json& object) const override { return read_account(object); }
  Json render(const Account::Status& status) const override { return status_json(status); }

  Result<Observed> observe(const Account& account) override {
    Observed have;
    have.now = rt_.clock.now();
    for (const auto& contract : contracts_of(rt_.caches, account.spec.namespaces)) {
      const auto& header = contract->header();
      have.contracts.push_back({header.ns + "/" + header.name, contract::held_units(header)});
    }
    have.taken = taken_namespaces(account, rt_.caches);
    if (!account.meta.deleted.empty()) CHARTER_TRY(look_at_bills(account, rt_.caches, have));
    const auto bucket = kinds::bucket(kinds::accounts());
    if (const auto encoded = rt_.caches.get(bucket, {"", account.meta.name})) {
      have.changed_by = last_spec_writer(encoded->tree());
    }
    const bool over = !account.meta.deleted.empty() && have.contracts.empty();
    const auto wanted = over ? std::vector<Json>{} : wanted_roles(account, rt_.caches);
    have.roles = role_changes(account.meta.name, wanted, rt_.caches);
    return have;
  }

  Step decide(const Account& account, const Observed& have) const override {
    return plan(account, have);
  }

  Status act(const Account& account, const Action& action) override {
    return change_role(rt_, account, std::get<RoleChange>(action));
  }
};

}  // namespace

KindHooks hooks() {
  return {.admit = admit, .guard = guard, .index = header_fields};
}

ControllerSpec controller() {
  ControllerSpec spec;
  spec.name = "account";
  spec.primary = kinds::accounts();
  spec.watches = {{kinds::contracts(), account_of_contract},
                  {kinds::namespaces(), account_of_namespace},
                  {kinds::invoices(), account_of_contract}};
  spec.indexes = {
      {kinds::invoices(), invoice::kByContractUid, index_by_field(invoice::kContractUidField)}};
  for (const auto* resource : {&kinds::roles(), &kinds::role_bindings(), &kinds::cluster_roles(),
                               &kinds::cluster_role_bindings()}) {
    spec.watches.push_back({*resource, account_of_role});
  }
  spec.make = [](const Runtime& rt) { return std::make_unique<AccountReconciler>(rt); };
  watch_pauses(spec, PauseReach::ClusterObject);
  return spec;
}

}  // namespace charter::account
