#include "reconcilers/invoice/plan.h"

#include "reconcilers/common/reasons.h"
#include "reconcilers/invoice/periods.h"

#include <gtest/gtest.h>

namespace charter::invoice {
namespace {

using namespace std::chrono_literals;

Instant time(const char* text) {
  return parse_time(text).value();
}

Invoice june() {
  Invoice invoice;
  invoice.meta.name = "orders-2026-06";
  invoice.spec.contract = {"orders", "uid"};
  invoice.spec.currency = "USD";
  invoice.spec.period = {time("2026-06-01T00:00:00Z"), time("2026-07-01T00:00:00Z"), "2026-06",
                         "UTC", 30 * 86'400};
  return invoice;
}

Observed seen(const char* now) {
  Observed have;
  have.now = time(now);
  have.due = time("2026-07-03T00:00:00Z");
  Invoice::Line line;
  line.description = "servers";
  line.amount = "617.76";
  have.bill = Bill{{line}, "617.76", 42};
  return have;
}

TEST(InvoicePlan, ADraftWaitsForItsGraceAndIsIssuedThen) {
  const auto draft = plan(june(), seen("2026-07-01T00:00:00Z"));
  EXPECT_EQ(draft.ready.reason, "IssuingInvoice");
  EXPECT_EQ(draft.outcome, Outcome::wait(48h, "IssuingInvoice"));
  EXPECT_EQ(draft.status.total, "617.76");
  EXPECT_TRUE(draft.status.number.empty());
  const auto issued = plan(june(), seen("2026-07-03T00:00:00Z"));
  EXPECT_EQ(issued.ready.reason, "Issued");
  EXPECT_EQ(issued.status.issued_at, time("2026-07-03T00:00:00Z"));
  EXPECT_EQ(issued.status.ledger_revision, 42);
  EXPECT_FALSE(issued.status.content_hash.empty());
  EXPECT_EQ(issued.outcome, Outcome::done());
}

TEST(InvoicePlan, AnIssuedBillIsNeverChangedAgain) {
  auto invoice = june();
  invoice.status = plan(invoice, seen("2026-07-03T00:00:00Z")).status;
  auto later = seen("2026-07-04T00:00:00Z");
  later.bill->total = "1.00";
  EXPECT_EQ(plan(invoice, later).status, invoice.status);
}

TEST(InvoicePlan, TheSameBillHasTheSameHashWheneverItIsIssued) {
  const auto first = plan(june(), seen("2026-07-03T00:00:00Z")).status;
  auto later = seen("2026-07-05T08:00:00Z");
  later.bill->position = 99;
  const auto second = plan(june(), later).status;
  EXPECT_EQ(first.content_hash, second.content_hash);
  EXPECT_EQ(first.number, second.number);
  later.bill->lines[0].amount = "617.77";
  EXPECT_NE(plan(june(), later).status.content_hash, first.content_hash);
}

TEST(InvoicePlan, BillsAreIssuedInTheOrderOfTheirPeriods) {
  auto have = seen("2026-07-03T00:00:00Z");
  have.waits_for = "orders-2026-05";
  const auto step = plan(june(), have);
  EXPECT_FALSE(step.status.issued_at);
  EXPECT_NE(step.ready.message.find("waits for orders-2026-05"), std::string::npos);
}

TEST(InvoicePlan, ADeletedOneIsNotHeld) {
  auto object = june();
  object.meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_TRUE(plan(object, {}).release.empty());
  EXPECT_EQ(plan(object, {}).ready.reason, "Deleting");
}

struct Row {
  const char* since;
  const char* ended;   // empty: it runs
  const char* billed;  // empty: nothing is
  const char* now;
  const char* next;
};

std::string text_of(const NextBill& next) {
  const auto text = [](int64_t s) { return format_time(Instant(std::chrono::seconds(s))); };
  if (const auto* wait = std::get_if<WaitUntil>(&next)) return "wait " + text(wait->at_s);
  if (const auto* open = std::get_if<Open>(&next)) {
    return open->name + " " + text(open->from_s) + " " + text(open->to_s) +
           (open->is_final ? " final" : "");
  }
  return "complete";
}

TEST(InvoicePeriods, EachMonthIsBilledOnceAndTheRestWhenItEnds) {
  const Row rows[] = {
      {"2026-06-10T08:00:00Z", "", "", "2026-06-30T23:59:59Z", "wait 2026-07-01T00:00:00Z"},
      {"2026-06-10T08:00:00Z", "", "", "2026-07-01T00:00:00Z",
       "2026-06 2026-06-10T08:00:00Z 2026-07-01T00:00:00Z"},
      {"2026-06-10T08:00:00Z", "", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z",
       "wait 2026-08-01T00:00:00Z"},
      {"2026-06-10T08:00:00Z", "2026-06-20T10:00:00Z", "", "2026-06-20T10:00:00Z",
       "2026-06 2026-06-10T08:00:00Z 2026-06-20T10:00:00Z final"},
      {"2026-06-10T08:00:00Z", "2026-07-05T10:00:00Z", "", "2026-08-20T10:00:00Z",
       "2026-06 2026-06-10T08:00:00Z 2026-07-01T00:00:00Z"},
      {"2026-06-10T08:00:00Z", "2026-07-05T10:00:00Z", "2026-07-01T00:00:00Z",
       "2026-08-20T10:00:00Z", "2026-07 2026-07-01T00:00:00Z 2026-07-05T10:00:00Z final"},
      {"2026-06-10T08:00:00Z", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z",
       "2026-07-01T00:00:00Z", "complete"},
      {"2026-06-10T08:00:00Z", "2026-06-10T08:00:00Z", "", "2026-06-10T08:00:00Z", "complete"},
  };
  const auto seconds = [](const char* text) {
    return std::chrono::floor<std::chrono::seconds>(time(text)).time_since_epoch().count();
  };
  for (const Row& row : rows) {
    BilledContract contract{seconds(row.since), {}, {}, seconds(row.now)};
    if (*row.ended != 0) contract.ended_s = seconds(row.ended);
    if (*row.billed != 0) contract.billed_s = seconds(row.billed);
    EXPECT_EQ(text_of(next_bill(contract, billing::TimeZone::utc()).value()), row.next);
  }
}

}  // namespace
}  // namespace charter::invoice
