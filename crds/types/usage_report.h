#pragma once

#include "crds/types/view.h"

// Typed view of crds/usagereport.yaml.
namespace charter {

/// Length of one line of a report.
enum class Granularity { Total, Day, Hour };
constexpr std::array<std::string_view, 3> words(Granularity) {
  return {"Total", "Day", "Hour"};
}

/// A query over the ledger and its answer.
struct UsageReport {
  struct Period {
    Instant from{}, to{};
    static void fields(auto& f, auto& s) {
      f.required("from", s.from);
      f.required("to", s.to);
    }
    bool operator==(const Period&) const = default;
  };
  struct Spec {
    NameRef contract;
    Period period;
    Granularity granularity = Granularity::Total;
    static void fields(auto& f, auto& s) {
      f.required("contractRef", s.contract);
      f.required("period", s.period);
      f("granularity", s.granularity);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Line {
    std::optional<Instant> from, to;
    std::string meter, basis, unit, quantity;  ///< quantity: a decimal
    static void fields(auto& f, auto& s) {
      f("from", s.from);
      f("to", s.to);
      f.required("meter", s.meter);
      f.required("basis", s.basis);
      f.required("unit", s.unit);
      f.required("quantity", s.quantity);
    }
    bool operator==(const Line&) const = default;
  };
  struct Action {
    Instant at{};
    std::string by, action, object;
    int64_t count = 0;
    static void fields(auto& f, auto& s) {
      f.required("at", s.at);
      f("by", s.by);
      f.required("action", s.action);
      f("object", s.object);
      f("count", s.count);
    }
    bool operator==(const Action&) const = default;
  };
  struct HourOfDay {
    int64_t hour = 0, least = 0, most = 0;
    std::string average;
    static void fields(auto& f, auto& s) {
      f.required("hour", s.hour);
      f("least", s.least);
      f("most", s.most);
      f("average", s.average);
    }
    bool operator==(const HourOfDay&) const = default;
  };
  /// Days in a row on which as many machines ran at the same times.
  struct Days {
    Instant from{}, to{};
    std::string machines;  ///< "1 from 00:00, 2 from 08:00"
    static void fields(auto& f, auto& s) {
      f.required("from", s.from);
      f.required("to", s.to);
      f.required("machines", s.machines);
    }
    bool operator==(const Days&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::optional<Instant> generated_at;
    bool complete = false;
    std::vector<Line> lines;
    std::vector<Action> actions;
    std::vector<HourOfDay> profile;
    std::vector<Days> days;
    std::string csv;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("generatedAt", s.generated_at);
      f("complete", s.complete);
      f("lines", s.lines);
      f("actions", s.actions);
      f("profile", s.profile);
      f("days", s.days);
      f("csv", s.csv);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<UsageReport> read_usage_report(const Json& object);
Json spec_json(const UsageReport::Spec& spec);
Json status_json(const UsageReport::Status& status);

}  // namespace charter
