#pragma once

#include "crds/types/image.h"
#include "crds/types/rate_card.h"
#include "crds/types/service_offering.h"
#include "crds/types/service_offering_revision.h"
#include "crds/types/service_template.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

// What an offering sells, put together: checks over offering, template and prices, and the
// self-contained content of a revision. Used by admission, by the plan and by `charter plan`. Pure.
namespace charter::service_offering {

/// The objects that an offering refers to, as far as they exist.
struct Sources {
  std::optional<Template> sold;
  std::optional<Rates> rates;
  std::map<std::string, Image::Spec> images;
};

/// Appends what is wrong with the offering in itself: shapes of units, visibility, policy.
void check_alone(const ServiceOffering::Spec& spec, std::vector<Cause>& causes);

/// Appends where the offering leaves what its template allows.
void check_against_template(const ServiceOffering::Spec& spec, const Template& sold,
                            std::vector<Cause>& causes);

/// Appends what is missing before it can be sold: units, service level, billing, and, if the rates
/// are given, a price for each unit.
void check_complete(const ServiceOffering::Spec& spec, const Rates* rates,
                    std::vector<Cause>& causes);

/// The revision that publishing now would give, with its content hash. Errors: ReferenceNotFound
/// (template, rate card, image: retried when it appears), NotYetEffective and Expired (rates), and
/// Incomplete or InvalidSpec with causes.
Result<ServiceOfferingRevision::Spec> make_revision(const ServiceOffering& offering,
                                                    const Sources& sources, Instant now);

/// Hash of a revision's content: all of its spec but edition and the hash itself.
std::string hash_of(const ServiceOfferingRevision::Spec& spec);

/// "web-0123456789ab": offering and the first digits of the hash.
std::string revision_name(const std::string& offering, const std::string& hash);

/// "374.40 USD per compute and month": the least that one unit costs in a 30-day month in which it
/// runs; machines before capacity, for a server without a machine is nothing to compare.
Result<std::string> from_price(const ServiceOfferingRevision::Spec& spec);

/// "99.9 %, ready within 10m".
std::string level_text(const std::optional<ServiceLevel>& level);

}  // namespace charter::service_offering
