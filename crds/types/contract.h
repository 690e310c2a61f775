#pragma once

#include "crds/types/policies.h"
#include "crds/types/rate_card.h"

// Typed view of crds/contract.yaml.
namespace charter {

/// What happens when a term ends.
enum class Renewal { Auto, None };
constexpr std::array<std::string_view, 2> words(Renewal) {
  return {"Auto", "None"};
}

/// What a consumer orders under an offering.
struct Contract {
  struct Term {
    static constexpr std::string_view kImmediately = "Immediately";
    std::string start = std::string(kImmediately);  ///< kImmediately or a time
    std::optional<CalendarPeriod> duration;
    std::optional<Instant> end;
    Renewal renew = Renewal::Auto;
    static void fields(auto& f, auto& s) {
      f("start", s.start);
      f("duration", s.duration);
      f("end", s.end);
      f("renew", s.renew);
    }
    bool operator==(const Term&) const = default;
  };
  struct Acceptance {
    std::string offer_hash;
    static void fields(auto& f, auto& s) { f.required("offerHash", s.offer_hash); }
    bool operator==(const Acceptance&) const = default;
  };
  struct Terminate {
    bool requested = false;
    std::optional<Instant> at;
    std::string reason;
    static void fields(auto& f, auto& s) {
      f("requested", s.requested);
      f("at", s.at);
      f("reason", s.reason);
    }
    bool operator==(const Terminate&) const = default;
  };
  struct Spec {
    NameRef offering;
    UnitCounts quantities;
    Term term;
    std::optional<Placement> placement;
    std::optional<Acceptance> acceptance;
    std::optional<Terminate> terminate;
    bool deletion_protection = true;
    static void fields(auto& f, auto& s) {
      f.required("offeringRef", s.offering);
      f.required("quantities", s.quantities);
      f("term", s.term);
      f("placement", s.placement);
      f("acceptance", s.acceptance);
      f("terminate", s.terminate);
      f("deletionProtection", s.deletion_protection);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Offer {
    std::string hash;
    Instant expires{};
    std::optional<Instant> issued_at;
    std::string offering_revision;
    UnitCounts quantities;
    std::string monthly_estimate;  ///< "996.02 USD"
    std::string terms;
    static void fields(auto& f, auto& s) {
      f.required("hash", s.hash);
      f.required("expires", s.expires);
      f("issuedAt", s.issued_at);
      f.required("offeringRevision", s.offering_revision);
      f("quantities", s.quantities);
      f("monthlyEstimate", s.monthly_estimate);
      f("terms", s.terms);
    }
    bool operator==(const Offer&) const = default;
  };
  struct AgreedPrice {
    Meter meter = Meter::CpuHours;
    Basis basis = Basis::Allocated;
    std::string price;
    static void fields(auto& f, auto& s) {
      f.required("meter", s.meter);
      f.required("basis", s.basis);
      f.required("price", s.price);
    }
    bool operator==(const AgreedPrice&) const = default;
  };
  struct Accepted {
    std::string hash, revision;
    UnitCounts quantities;
    std::optional<Placement> placement;
    std::vector<AgreedPrice> agreed_prices;
    Instant at{};
    std::string by;
    static void fields(auto& f, auto& s) {
      f.required("hash", s.hash);
      f.required("revision", s.revision);
      f.required("quantities", s.quantities);
      f("placement", s.placement);
      f("agreedPrices", s.agreed_prices);
      f.required("at", s.at);
      f("by", s.by);
    }
    bool operator==(const Accepted&) const = default;
  };
  struct Amendment {
    std::string hash, revision;
    UnitCounts quantities;
    Instant at{};
    std::string by;
    static void fields(auto& f, auto& s) {
      f.required("hash", s.hash);
      f("revision", s.revision);
      f("quantities", s.quantities);
      f.required("at", s.at);
      f("by", s.by);
    }
    bool operator==(const Amendment&) const = default;
  };
  /// The order as it is charged for: each change of the terms in force begins another interval.
  struct Ordering {
    int64_t number = 0;
    Instant since{};
    std::optional<Instant> until;
    std::string hash;  ///< of the terms
    static void fields(auto& f, auto& s) {
      f.required("number", s.number);
      f.required("since", s.since);
      f("until", s.until);
      f.required("hash", s.hash);
    }
    bool operator==(const Ordering&) const = default;
  };
  struct UnitUse {
    int64_t ordered = 0, provisioned = 0;
    static void fields(auto& f, auto& s) {
      f("ordered", s.ordered);
      f("provisioned", s.provisioned);
    }
    bool operator==(const UnitUse&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::string account;
    std::optional<Offer> offer;
    std::optional<Accepted> accepted;
    std::vector<Amendment> amendments;
    std::map<std::string, UnitUse> units;
    std::map<std::string, std::string> summary;  ///< unit → "provisioned/ordered"
    std::string monthly_estimate;
    std::optional<Instant> active_since, ends, terminated_at;
    std::optional<Ordering> metering;
    int64_t instances = 0;
    bool update_available = false;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("account", s.account);
      f("offer", s.offer);
      f("accepted", s.accepted);
      f("amendments", s.amendments);
      f("units", s.units);
      f("summary", s.summary);
      f("monthlyEstimate", s.monthly_estimate);
      f("activeSince", s.active_since);
      f("ends", s.ends);
      f("terminatedAt", s.terminated_at);
      f("metering", s.metering);
      f("instances", s.instances);
      f("updateAvailable", s.update_available);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Contract> read_contract(const Json& object);
Json spec_json(const Contract::Spec& spec);
Json status_json(const Contract::Status& status);

}  // namespace charter
