#pragma once

#include "crds/types/view.h"

// Typed view of crds/invoice.yaml. Quantities, prices and amounts stay the decimal texts of the
// API.
namespace charter {

/// A bill for one contract and one period.
struct Invoice {
  struct Period {
    Instant from{}, to{};
    std::string name, time_zone;
    int64_t month_seconds = 0;  ///< of the calendar month that it lies in
    static void fields(auto& f, auto& s) {
      f.required("from", s.from);
      f.required("to", s.to);
      f("name", s.name);
      f("timeZone", s.time_zone);
      f("monthSeconds", s.month_seconds);
    }
    bool operator==(const Period&) const = default;
  };
  struct Spec {
    std::optional<UidRef> account;
    UidRef contract;
    Period period;
    std::string currency;
    bool is_final = false;
    static void fields(auto& f, auto& s) {
      f("accountRef", s.account);
      f.required("contractRef", s.contract);
      f.required("period", s.period);
      f.required("currency", s.currency);
      f("final", s.is_final);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Line {
    std::string description, revision, meter, basis, quantity, per, price, amount, corrects;
    std::string unit, rule, intervals, interval_digest;
    int64_t interval_count = 0;
    static void fields(auto& f, auto& s) {
      f.required("description", s.description);
      f("revision", s.revision);
      f("meter", s.meter);
      f("basis", s.basis);
      f("quantity", s.quantity);
      f("per", s.per);
      f("price", s.price);
      f.required("amount", s.amount);
      f("corrects", s.corrects);
      f("unit", s.unit);
      f("rule", s.rule);
      f("intervalCount", s.interval_count);
      f("intervals", s.intervals);
      f("intervalDigest", s.interval_digest);
    }
    bool operator==(const Line&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase, number;
    std::optional<Instant> due_at, issued_at;
    int64_t ledger_revision = 0;
    std::vector<Line> lines;
    std::string total, rounding, content_hash;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("number", s.number);
      f("dueAt", s.due_at);
      f("issuedAt", s.issued_at);
      f("ledgerRevision", s.ledger_revision);
      f("lines", s.lines);
      f("total", s.total);
      f("rounding", s.rounding);
      f("contentHash", s.content_hash);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Invoice> read_invoice(const Json& object);
Json spec_json(const Invoice::Spec& spec);
Json status_json(const Invoice::Status& status);

}  // namespace charter
