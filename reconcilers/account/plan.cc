#include "reconcilers/account/plan.h"

#include "reconcilers/account/limits.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/contract/units.h"

#include <algorithm>

namespace charter::account {
namespace {

constexpr size_t kHistoryMax = 64;          // the CRD's bounds for status.history,
constexpr size_t kChangeBytesMax = 256;     // its entries,
constexpr size_t kContractsShownMax = 256;  // and status.contracts
constexpr const char* kNothingToBill =
    "nothing to bill: no usage was metered under this account's contracts";

int64_t count_in(const UnitCounts& counts, const std::string& unit) {
  const auto found = counts.find(unit);
  return found == counts.end() ? 0 : found->second;
}

std::string signed_text(int64_t number) {
  return (number > 0 ? "+" : "") + std::to_string(number);
}

std::string subject_of(const std::string& member) {
  return member.substr(0, member.find(" ("));
}

std::string bounded(std::string text) {
  if (text.size() <= kChangeBytesMax) return text;
  auto end = kChangeBytesMax - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

std::vector<std::string> limit_changes(const UnitCounts& before, const UnitCounts& now) {
  auto units = before;
  units.insert(now.begin(), now.end());
  std::vector<std::string> changes;
  for (const auto& entry : units) {
    const auto old = count_in(before, entry.first);
    const auto limit = count_in(now, entry.first);
    if (old == limit) continue;
    changes.push_back("limits." + entry.first + " " + std::to_string(old) + " -> " +
                      std::to_string(limit) + " (" + signed_text(limit - old) + ")");
  }
  return changes;
}

const std::string* find_subject(const std::vector<std::string>& members,
                                const std::string& subject) {
  const auto found =
      std::find_if(members.begin(), members.end(),
                   [&subject](const std::string& member) { return subject_of(member) == subject; });
  return found == members.end() ? nullptr : &*found;
}

std::vector<std::string> member_changes(const std::vector<std::string>& before,
                                        const std::vector<std::string>& now) {
  std::vector<std::string> changes;
  for (const auto& member : now) {
    const auto* old = find_subject(before, subject_of(member));
    if (old == nullptr) {
      changes.push_back("members +" + member);
    } else if (*old != member) {
      changes.push_back("members ~" + member);
    }
  }
  for (const auto& member : before) {
    if (find_subject(now, subject_of(member)) == nullptr) {
      changes.push_back("members -" + subject_of(member));
    }
  }
  return changes;
}

// The first look only takes the starting point: an account begins with its limits, it does not
// change to them.
void note_changes(const Account& account, const Observed& have, Account::Status& status) {
  Account::Recorded now{account.meta.generation, account.spec.limits, {}};
  for (const auto& member : account.spec.members)
    now.members.push_back(to_string(member));
  if (status.recorded) {
    auto changes = limit_changes(status.recorded->limits, now.limits);
    for (auto& change : member_changes(status.recorded->members, now.members)) {
      changes.push_back(std::move(change));
    }
    if (changes.empty()) return;
    const auto at = std::chrono::floor<std::chrono::seconds>(have.now);
    for (auto& change : changes)
      status.history.push_back({at, have.changed_by, bounded(std::move(change))});
    if (status.history.size() > kHistoryMax) {
      const auto extra = static_cast<ptrdiff_t>(status.history.size() - kHistoryMax);
      status.history.erase(status.history.begin(), status.history.begin() + extra);
    }
  }
  status.recorded = std::move(now);
}

void count(const Account& account, const Observed& have, Account::Status& status) {
  status.used.clear();
  status.contracts.clear();
  status.summary.clear();
  for (const auto& contract : have.contracts) {
    contract::add_units(status.used, contract.held);
    if (status.contracts.size() < kContractsShownMax) status.contracts.push_back(contract.name);
  }
  auto units = account.spec.limits;
  units.insert(status.used.begin(), status.used.end());
  for (const auto& entry : units) {
    status.summary[entry.first] = std::to_string(count_in(status.used, entry.first)) + "/" +
                                  std::to_string(count_in(account.spec.limits, entry.first));
  }
  status.members = static_cast<int64_t>(account.spec.members.size());
}

Statement within_limits(const Account& account, const Account::Status& status) {
  std::string over;
  for (const auto& [unit, used] : status.used) {
    const auto limit = count_in(account.spec.limits, unit);
    if (used <= limit) continue;
    over += (over.empty() ? "" : ", ") + unit + ": limit " + std::to_string(limit) + ", used " +
            std::to_string(used);
  }
  if (over.empty()) {
    return is_so("WithinLimits", "WithinLimits", "contracts hold no more than the limits");
  }
  return is_not_so("WithinLimits", "OverLimit",
                   over + "; what runs is not touched, new work is refused");
}

void close(const Account& account, const Observed& have, Step& step) {
  if (!have.contracts.empty()) {
    std::vector<std::string> names;
    for (const auto& contract : have.contracts)
      names.push_back(contract.name);
    const auto text = "contracts have not ended: " + name_list(names);
    step.ready = ready_false("ActiveContracts", text);
    step.deletion = DeletionStep{"ActiveContracts", text + "; their owners terminate them"};
    step.outcome = Outcome::wait({}, "ActiveContracts");
    return;
  }
  if (!have.unbilled.empty()) {
    const auto text = "not all is billed: " + name_list(have.unbilled);
    step.ready = ready_false("FinalBill", text);
    step.deletion = DeletionStep{"IssuingInvoice", text};
    step.outcome = Outcome::wait({}, "FinalBill");
    return;
  }
  // Stated in one pass and released in the next, so that whoever watches has seen it.
  const auto* deleting = find_condition(account.conditions, "Deleting");
  const auto text = have.bills.empty() ? std::string(kNothingToBill) : name_list(have.bills);
  step.ready = ready_false("FinalBill", text);
  step.deletion = DeletionStep{"FinalBill", text};
  if (deleting != nullptr && deleting->reason == "FinalBill") {
    if (!have.roles.empty()) {
      step.action = have.roles.front();
    } else {
      step.release = {std::string(kFinalBillFinalizer), std::string(kRolesFinalizer)};
    }
  }
  step.outcome = Outcome::again();
}

}  // namespace

std::string to_string(const Account::Member& member) {
  std::string text(to_word(member.subject.kind));
  text += " " + (member.subject.ns.empty() ? "" : member.subject.ns + "/") + member.subject.name;
  std::string permissions;
  for (const auto permission : member.permissions) {
    permissions += (permissions.empty() ? "" : ", ") + std::string(to_word(permission));
  }
  return text + " (" + permissions + ")";
}

Step plan(const Account& account, const Observed& have) {
  Step step;
  step.status = account.status;
  note_changes(account, have, step.status);
  count(account, have, step.status);
  step.conditions.push_back(within_limits(account, step.status));
  if (!account.meta.deleted.empty()) {
    close(account, have, step);
  } else if (!have.taken.empty()) {
    step.ready = ready_false(
        "NamespaceTaken", "namespaces belong to another account already: " + name_list(have.taken));
    step.outcome = Outcome::stuck("NamespaceTaken");
  } else {
    step.ready = ready_true("Active", "the relationship is active");
    if (!have.roles.empty()) step.action = have.roles.front();
  }
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  if (find_condition(conditions, "Deleting") != nullptr) return "Closing";
  if (find_condition(conditions, "Stalled") != nullptr) return "Invalid";
  const auto* within = find_condition(conditions, "WithinLimits");
  return within != nullptr && within->status == "False" ? "OverLimit" : "Active";
}

}  // namespace charter::account
