#pragma once

#include "crds/types/policies.h"
#include "crds/types/rate_card.h"

// Typed view of crds/account.yaml.
namespace charter {

/// Kind of an RBAC subject.
enum class SubjectKind { User, Group, ServiceAccount };
constexpr std::array<std::string_view, 3> words(SubjectKind) {
  return {"User", "Group", "ServiceAccount"};
}

/// What a member may do.
enum class Permission {
  RequestContract,
  AcceptContract,
  Configure,
  ChangeCapacity,
  ReadReports,
  Terminate,
  AdministerAccount
};
constexpr std::array<std::string_view, 7> words(Permission) {
  return {"RequestContract", "AcceptContract", "Configure",        "ChangeCapacity",
          "ReadReports",     "Terminate",      "AdministerAccount"};
}

/// The relationship with one consumer.
struct Account {
  struct Subject {
    SubjectKind kind = SubjectKind::User;
    std::string name, ns;
    std::optional<std::string> api_group;  ///< "" is a statement of its own: the core group
    static void fields(auto& f, auto& s) {
      f.required("kind", s.kind);
      f.required("name", s.name);
      f("namespace", s.ns);
      f("apiGroup", s.api_group);
    }
    bool operator==(const Subject&) const = default;
  };
  struct Member {
    Subject subject;
    std::vector<Permission> permissions;
    static void fields(auto& f, auto& s) {
      f.required("subject", s.subject);
      f.required("permissions", s.permissions);
    }
    bool operator==(const Member&) const = default;
  };
  struct Billing {
    std::string email;
    BillingPeriod period = BillingPeriod::Month;
    std::string time_zone = "UTC";
    std::string currency;  ///< empty: any
    static void fields(auto& f, auto& s) {
      f.required("email", s.email);
      f("period", s.period);
      f("timeZone", s.time_zone);
      f("currency", s.currency);
    }
    bool operator==(const Billing&) const = default;
  };
  struct PriceOverride {
    std::string rate_card;
    Meter meter = Meter::CpuHours;
    Basis basis = Basis::Allocated;
    std::string price;
    static void fields(auto& f, auto& s) {
      f.required("rateCardRef", s.rate_card);
      f.required("meter", s.meter);
      f("basis", s.basis);
      f.required("price", s.price);
    }
    bool operator==(const PriceOverride&) const = default;
  };
  struct Spec {
    std::string display_name;
    std::vector<std::string> namespaces;
    UnitCounts limits;
    std::vector<Member> members;
    Billing billing;
    std::optional<Placement> placement;
    std::vector<PriceOverride> price_overrides;
    static void fields(auto& f, auto& s) {
      f("displayName", s.display_name);
      f.required("namespaces", s.namespaces);
      f.required("limits", s.limits);
      f("members", s.members);
      f.required("billing", s.billing);
      f("placement", s.placement);
      f("priceOverrides", s.price_overrides);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Change {
    Instant at{};
    std::string by, change;
    static void fields(auto& f, auto& s) {
      f.required("at", s.at);
      f("by", s.by);
      f.required("change", s.change);
    }
    bool operator==(const Change&) const = default;
  };
  struct Recorded {
    int64_t generation = 0;
    UnitCounts limits;
    std::vector<std::string> members;  ///< "User fred (Configure)"
    static void fields(auto& f, auto& s) {
      f.required("generation", s.generation);
      f("limits", s.limits);
      f("members", s.members);
    }
    bool operator==(const Recorded&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    UnitCounts used;
    std::map<std::string, std::string> summary;  ///< unit → "used/limit"
    int64_t members = 0;
    std::vector<std::string> contracts;  ///< "namespace/name"
    std::vector<Change> history;
    std::optional<Recorded> recorded;  ///< what the next entry of history is compared with
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("used", s.used);
      f("summary", s.summary);
      f("members", s.members);
      f("contracts", s.contracts);
      f("history", s.history);
      f("recorded", s.recorded);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<Account> read_account(const Json& object);
Json spec_json(const Account::Spec& spec);
Json status_json(const Account::Status& status);

}  // namespace charter
