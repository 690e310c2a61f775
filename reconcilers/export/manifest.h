#pragma once

#include "controller/object/schema.h"
#include "controller/object/value.h"

#include <memory>
#include <string>
#include <vector>

// What becomes of one live object in `charter export`. Pure: no I/O, no clock.
//
//   owned by a controller          left out: its owner makes it again
//   being deleted                  left out, with a remark
//   Contract that has ended        left out, with a remark
//   Secret that a controller made, left out
//   or of tokens, or of Helm
//   anything else                  a manifest
//
// A manifest has the object's name, labels, annotations and everything but its status and what the
// schema fills in. Where `kubectl apply` left a record of what was last applied, the manifest is
// that record with what has changed since, so that applying it again finds nothing to do.
//
// spec.acceptance of a Contract is the consent to an offer that was made to this very object. It is
// written only where somebody applies it (leaving it out would take it away), with a remark:
// another server makes another offer, and refuses a contract that names one before it was made.
namespace charter::exporting {

/// A manifest, or why there is none.
struct Exported {
  std::shared_ptr<const Json> manifest;  ///< null: left out
  std::vector<std::string> remarks;      ///< for people; empty where nothing is to be known
};

/// `live` as the server gave it. `schema`: the server's own, for its defaults; null when it may not
/// be read, then all values are written. Never fails: what it cannot read it writes as it is.
Exported export_object(const Json& live, const Schema* schema);

/// "Contract consumerco/orders".
std::string title_of(const Json& object);

}  // namespace charter::exporting
