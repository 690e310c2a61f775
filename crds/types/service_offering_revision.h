#pragma once

#include "crds/types/rate_card.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_template.h"

// Typed view of crds/serviceofferingrevision.yaml: the snapshot that contracts pin. It needs no
// other object.
namespace charter {

/// A parameter as it was published: template and offering merged, so that only this is asked.
struct RevisionParameter {
  TemplateParameter bounds;
  std::optional<ParameterValue> locked;
  static void fields(auto& f, auto& s) {
    TemplateParameter::fields(f, s.bounds);
    f("locked", s.locked);
  }
  bool operator==(const RevisionParameter&) const = default;
};

/// An image as it was published.
struct RevisionImage {
  std::string name, digest, url;
  ImageFormat format = ImageFormat::Qcow2;
  Architecture architecture = Architecture::X86_64;
  std::string os;
  std::vector<std::string> contains;
  std::optional<int64_t> min_disk_bytes;
  static void fields(auto& f, auto& s) {
    f.required("name", s.name);
    f.required("digest", s.digest);
    f("url", s.url);
    f.required("format", s.format);
    f.required("architecture", s.architecture);
    f("os", s.os);
    f("contains", s.contains);
    f("minDisk", as_bytes(s.min_disk_bytes));
  }
  bool operator==(const RevisionImage&) const = default;
};

/// An immutable, self-contained edition of an offering.
struct ServiceOfferingRevision {
  struct Spec {
    UidRef offering;
    int64_t edition = 1;
    std::string content_hash;
    std::string description;
    std::optional<NamespacedRef> template_ref;
    Template frozen_template;  ///< `template` in the CRD
    std::vector<RevisionParameter> parameters;
    std::vector<RevisionImage> images;
    SoldUnits units;
    std::optional<ServiceLevel> service_level;
    SecurityPolicy security;
    OfferingBilling billing;
    Rates rates;  ///< `rateCard` in the CRD
    OfferingPlacement placement;
    ContractPolicy contract_policy;
    static void fields(auto& f, auto& s) {
      f.required("offeringRef", s.offering);
      f.required("edition", s.edition);
      f.required("contentHash", s.content_hash);
      f("description", s.description);
      f("templateRef", s.template_ref);
      f.required("template", s.frozen_template);
      f("parameters", s.parameters);
      f("images", s.images);
      f.required("units", s.units);
      f("serviceLevel", s.service_level);
      f("security", s.security);
      f.required("billing", s.billing);
      f.required("rateCard", s.rates);
      f("placement", s.placement);
      f("contractPolicy", s.contract_policy);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    bool current = false;
    int64_t contracts = 0;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("current", s.current);
      f("contracts", s.contracts);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<ServiceOfferingRevision> read_service_offering_revision(const Json& object);
Json spec_json(const ServiceOfferingRevision::Spec& spec);
Json status_json(const ServiceOfferingRevision::Status& status);

}  // namespace charter
