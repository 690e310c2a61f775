#pragma once

#include "reconcilers/service_offering/plan.h"

#include <string>

// An offering with all that it refers to, complete enough to be published.
namespace charter::service_offering {

/// ServiceOffering web, Published, edition 1: template catalog/server, rate card std-2026.
Json offering_object();
/// The sample after a merge patch in YAML.
ServiceOffering offering(const std::string& patch = "{}");
/// Template catalog/server: vcpus 2 or 4, disk from 100GB, os linux or bsd.
Json template_object();
/// Rate card std-2026, effective since 2026-01-01.
Json rate_card_object();
/// Image of this name, which needs a disk of 20GB.
Json image_object(const std::string& name);
/// Everything exists; nothing is published; the time is 2026-06-01.
Observed complete();
/// The revision that `have` would give the offering, as it is seen once it exists.
RevisionFacts revision_of(const ServiceOffering& offering, const Observed& have);

}  // namespace charter::service_offering
