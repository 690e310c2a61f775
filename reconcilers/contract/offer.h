#pragma once

#include "crds/types/account.h"
#include "crds/types/contract.h"
#include "crds/types/service_offering_revision.h"

#include <optional>
#include <string>
#include <vector>

// Offers: what a hash stands for, how it is made, and whether a standing offer still is the one
// that the present request would get. Pure.
//
// The hash is the SHA-256 of the canonical JSON (compact, sorted keys) of
//
//   contract (uid), revision (name and content), quantities, placement, term, prices (revision's,
//   with those agreed with the account in place), monthly estimate, terms in words, issued, expires
//
// so accepting it accepts all of these, and nobody can accept it for another contract.
namespace charter::contract {

/// What a contract asks for, as far as an offer depends on it.
struct Request {
  std::string uid;
  UnitCounts quantities;
  std::optional<Placement> placement;
  Contract::Term term;
};
Request request_of(const Contract& contract);

/// What an offer is made from, beside the request.
struct Terms {
  std::string revision;  ///< its name
  const ServiceOfferingRevision::Spec* spec = nullptr;
  std::vector<Contract::AgreedPrice> agreed;  ///< see agreed_prices
  UnitCounts in_force;  ///< accepted quantities, for the words of an amendment
};

/// Prices agreed with an account for a revision's rate card, as offers freeze them.
std::vector<Contract::AgreedPrice> agreed_prices(
    const std::vector<Account::PriceOverride>& overrides, const std::string& rate_card);
/// The rates of a revision with agreed prices in place. An agreed price is flat: it replaces price
/// and tiers. For a basis that only a discount gives, it becomes an item of its own.
Rates with_agreed(Rates rates, const std::vector<Contract::AgreedPrice>& agreed);

/// What is left of a placement when both hold. An empty list allows every one, so nothing left
/// means that they exclude each other.
std::optional<Placement> narrow(const Placement& outer, const std::optional<Placement>& inner);

/// Makes the offer for a request. Errors: Invalid with reason NoPrice, InvalidSpec when the request
/// can't be offered under these terms.
Result<Contract::Offer> make_offer(const Request& request, const Terms& terms, Instant issued);

/// Whether `offer` is what the request would get under the same terms at the same time.
bool stands(const Contract::Offer& offer, const Request& request, const Terms& terms);

/// "996.02 USD": the price of a 30-day month with all of it active.
Result<std::string> monthly_price(const Terms& terms, const UnitCounts& quantities);

/// "compute 3 -> 5 (+2), storage 5 -> 0 (-5)": the difference between two orders.
std::string difference(const UnitCounts& before, const UnitCounts& after);

}  // namespace charter::contract
