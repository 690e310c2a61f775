#pragma once

#include "controller/object/admit.h"

// What may be written to a Contract. Pure: other objects through the View only.
//
//   create       namespace belongs to an open Account; offering exists, is for that account and
//                takes contracts (Deprecated: with a warning); units are sold and at least 1;
//                placement only narrows; the term makes sense; nothing is accepted yet
//   update       offeringRef stays; what changed is judged as on create; after acceptance the term
//                stays but for `renew`; an accepted hash is that of the standing offer or of the
//                terms in force; an effective termination stays; an ended contract stays
//   delete       deletionProtection is off
//   who          beside the right to update: `accept` for spec.acceptance, `terminate` for
//                spec.terminate and deletionProtection, and to delete; `amend` for all else
//   in the turn  (`guard`) the account's limits, in sold units, over all its contracts
//
// An object in deletion takes every change, because finalizers have to go.
namespace charter::contract {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

/// Rules that two writes must not pass together. Refuses with "compute: limit 5, used 3, asked 6"
/// and the field's path.
Status guard(const AdmitRequest& request, const View& view);

/// The Account whose limits the guard judges by, when the write takes more of them.
std::optional<ObjectKey> limited_by(const AdmitRequest& request, const View& view);

}  // namespace charter::contract
