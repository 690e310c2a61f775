#pragma once

#include "controller/runtime/controller.h"

#include <string>
#include <vector>

// Who refers to what in the catalog, by headers: index functions and mappers that several
// controllers share. No object is parsed. Pure but for the caches.
namespace charter::service_offering {

/// Index of ServiceOfferings by their template, as "ns/name".
inline constexpr const char* kByTemplate = "offering template";
std::vector<std::string> template_index(const Header& offering);
/// The template that an offering sells.
std::vector<ObjectName> template_of(const Encoded& offering, const Caches& caches);

/// Index of ServiceOfferings by their rate card.
inline constexpr const char* kByRateCard = "offering rate card";
IndexFunction rate_card_index();

/// Index of ServiceOfferingRevisions by their offering's name.
inline constexpr const char* kByOffering = "revision offering";
IndexFunction offering_index();
/// The offering that a revision or a contract names.
std::vector<ObjectName> offering_of(const Encoded& object, const Caches& caches);

/// Index of ServiceOfferingRevisions by the name of the rate card that they froze.
inline constexpr const char* kByFrozenRateCard = "revision rate card";
IndexFunction frozen_rate_card_index();
/// Its header field, see service_offering_revision::header_fields.
inline constexpr const char* kFrozenRateCardField = "rateCard";

/// Offerings that sell a template, an image by way of templates, or at the prices of a rate card.
std::vector<ObjectName> offerings_of_template(const Encoded& object, const Caches& caches);
std::vector<ObjectName> offerings_of_image(const Encoded& image, const Caches& caches);
std::vector<ObjectName> offerings_of_rate_card(const Encoded& card, const Caches& caches);

/// Revisions of an offering, by an object that names the offering (the offering itself: by its own
/// name).
std::vector<ObjectName> revisions_of_offering(const Encoded& offering, const Caches& caches);
std::vector<ObjectName> revisions_of_contract(const Encoded& contract, const Caches& caches);

/// Names of objects.
std::vector<ObjectName> names_of(const std::vector<ObjectPtr>& objects);
/// A header field, or empty.
std::string field_of(const Header& header, std::string_view field);

}  // namespace charter::service_offering
