#include "reconcilers/invoice/plan.h"

#include "controller/object/digest.h"
#include "reconcilers/billing/rating.h"
#include "reconcilers/common/naming.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::invoice {
namespace {

constexpr size_t kNumberDigits = 12;

// One contract has one bill for one beginning, so this names it, on every attempt alike.
std::string number_of(const Invoice& invoice) {
  const auto& period = invoice.spec.period;
  const auto hash = sha256_hex(invoice.spec.contract.uid + " " + format_time(period.from));
  return period.name + "-" + hash.substr(0, kNumberDigits);
}

std::string amount_text(const Invoice::Status& status, const Invoice& invoice) {
  return status.total + " " + invoice.spec.currency;
}

void issue(const Invoice& invoice, const Observed& have, Step& step) {
  auto& status = step.status;
  status.number = number_of(invoice);
  status.issued_at = std::chrono::floor<std::chrono::seconds>(have.now);
  Invoice issued = invoice;
  issued.status = status;
  status.content_hash = content_hash_of(issued);
  step.ready =
      ready_true("Issued", "number " + status.number + ", " + amount_text(status, invoice));
  step.events = {{Announcement::Type::Normal, "Issued", step.ready.message}};
}

}  // namespace

std::string content_hash_of(const Invoice& invoice) {
  Invoice::Status content;
  content.number = invoice.status.number;
  content.lines = invoice.status.lines;
  content.total = invoice.status.total;
  content.rounding = invoice.status.rounding;
  return content_hash({{"spec", spec_json(invoice.spec)}, {"status", status_json(content)}});
}

Step plan(const Invoice& invoice, const Observed& have) {
  Step step;
  step.status = invoice.status;
  if (!invoice.meta.deleted.empty()) {
    step.ready = ready_false("Deleting", "the object is being deleted");
    return step;
  }
  auto& status = step.status;
  if (status.issued_at) {
    step.ready =
        ready_true("Issued", "number " + status.number + ", " + amount_text(status, invoice));
    return step;
  }
  if (have.bill) {
    status.lines = have.bill->lines;
    status.total = have.bill->total;
    status.ledger_revision = have.bill->position;
    status.rounding = billing::kRoundingRule;
  }
  status.due_at = have.due;
  if (have.now >= have.due && have.waits_for.empty()) {
    issue(invoice, have, step);
    return step;
  }
  const auto draft = "draft of " + amount_text(status, invoice);
  if (!have.waits_for.empty()) {
    step.ready = ready_unknown("IssuingInvoice", draft + "; waits for " + have.waits_for);
    step.outcome = Outcome::wait({}, "IssuingInvoice");
    return step;
  }
  step.ready = ready_unknown("IssuingInvoice", draft + "; is issued at " + format_time(have.due));
  step.outcome = Outcome::wait(have.due - have.now, "IssuingInvoice");
  return step;
}

std::string_view phase_of(const Conditions& conditions) {
  return is_true(conditions, "Ready") ? "Issued" : "Draft";
}

}  // namespace charter::invoice
