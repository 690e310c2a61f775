#pragma once

#include "crds/types/policies.h"

// Typed view of crds/serviceoffering.yaml. The parts below are also frozen in a
// ServiceOfferingRevision.
namespace charter {

/// Life of an offering.
enum class Publication { Draft, Published, Deprecated, Retired };
constexpr std::array<std::string_view, 4> words(Publication) {
  return {"Draft", "Published", "Deprecated", "Retired"};
}

/// What an offering makes of one parameter of its template.
struct OfferingParameter {
  std::string name;
  std::vector<ParameterValue> allowed;
  std::optional<ParameterValue> min, max, step, fallback,
      locked;  ///< fallback: `default` in the CRD
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f("allowed", s.allowed);
    f("min", s.min);
    f("max", s.max);
    f("step", s.step);
    f("default", s.fallback);
    f("locked", s.locked);
  }
  bool operator==(const OfferingParameter&) const = default;
};

/// What one unit counts.
enum class UnitPer { Machine, Capacity };
constexpr std::array<std::string_view, 2> words(UnitPer) {
  return {"Machine", "Capacity"};
}

/// One sold unit.
struct SoldUnit {
  UnitPer per = UnitPer::Machine;
  UnitSize equals;
  std::string volume_class;  ///< of the volumes that count in a Capacity; empty: all others
  static void fields(auto& f, auto& s) {
    f.required("per", s.per);
    f.required("equals", s.equals);
    f("class", s.volume_class);
  }
  bool operator==(const SoldUnit&) const = default;
};
/// Sold units by name.
using SoldUnits = std::map<std::string, SoldUnit>;

/// What is promised.
struct ServiceLevel {
  std::string availability;  ///< percent, as a decimal
  std::optional<Duration> provisioning_time;
  static void fields(auto& f, auto& s) {
    f("availability", s.availability);
    f("provisioningTime", s.provisioning_time);
  }
  bool operator==(const ServiceLevel&) const = default;
};

/// How an offering is charged.
struct OfferingBilling {
  std::string rate_card;
  BillingPeriod period = BillingPeriod::Month;
  Duration grace_before_issue = std::chrono::hours(48);
  static void fields(auto& f, auto& s) {
    f.required("rateCardRef", s.rate_card);
    f("period", s.period);
    f("graceBeforeIssue", s.grace_before_issue);
  }
  bool operator==(const OfferingBilling&) const = default;
};

/// Whether capacity may be bought from another Charter server.
enum class Subcontracting { Allowed, Forbidden };
constexpr std::array<std::string_view, 2> words(Subcontracting) {
  return {"Allowed", "Forbidden"};
}

/// Where an offering's instances may run.
struct OfferingPlacement {
  Placement within;
  Subcontracting subcontracting = Subcontracting::Forbidden;
  static void fields(auto& f, auto& s) {
    Placement::fields(f, s.within);
    f("subcontracting", s.subcontracting);
  }
  bool operator==(const OfferingPlacement&) const = default;
};

/// Who sees an offering.
enum class Audience { Public, Accounts };
constexpr std::array<std::string_view, 2> words(Audience) {
  return {"Public", "Accounts"};
}

/// visibility.
struct Visibility {
  Audience audience = Audience::Public;
  std::vector<std::string> accounts;
  static void fields(auto& f, auto& s) {
    f("audience", s.audience);
    f("accounts", s.accounts);
  }
  bool operator==(const Visibility&) const = default;
};

/// How an offer is accepted.
enum class AcceptanceMode { Explicit, Automatic };
constexpr std::array<std::string_view, 2> words(AcceptanceMode) {
  return {"Explicit", "Automatic"};
}

/// How contracts come about.
struct ContractPolicy {
  AcceptanceMode acceptance = AcceptanceMode::Explicit;
  Duration quote_ttl = std::chrono::hours(72);
  std::optional<CalendarPeriod> minimum_term;
  static void fields(auto& f, auto& s) {
    f("acceptance", s.acceptance);
    f("quoteTTL", s.quote_ttl);
    f("minimumTerm", s.minimum_term);
  }
  bool operator==(const ContractPolicy&) const = default;
};

/// A service for sale.
struct ServiceOffering {
  struct Spec {
    std::string description;
    Publication publication = Publication::Draft;
    int64_t edition = 1;
    NamespacedRef template_ref;
    std::vector<OfferingParameter> parameters;
    SoldUnits units;
    std::optional<ServiceLevel> service_level;
    SecurityPolicy security;
    std::optional<OfferingBilling> billing;
    OfferingPlacement placement;
    Visibility visibility;
    ContractPolicy contract_policy;
    static void fields(auto& f, auto& s) {
      f("description", s.description);
      f("publication", s.publication);
      f("edition", s.edition);
      f.required("templateRef", s.template_ref);
      f("parameters", s.parameters);
      f("units", s.units);
      f("serviceLevel", s.service_level);
      f("security", s.security);
      f("billing", s.billing);
      f("placement", s.placement);
      f("visibility", s.visibility);
      f("contractPolicy", s.contract_policy);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::string revision;     ///< published revision, empty: none
    int64_t edition = 0;      ///< edition of that revision
    std::string latest_hash;  ///< what publishing now would give
    bool update_available = false;
    std::optional<Instant> published_at;
    std::string from_price, sla;
    int64_t contracts = 0;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("revision", s.revision);
      f("edition", s.edition);
      f("latestHash", s.latest_hash);
      f("updateAvailable", s.update_available);
      f("publishedAt", s.published_at);
      f("fromPrice", s.from_price);
      f("sla", s.sla);
      f("contracts", s.contracts);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<ServiceOffering> read_service_offering(const Json& object);
Json spec_json(const ServiceOffering::Spec& spec);
Json status_json(const ServiceOffering::Status& status);

}  // namespace charter
