#include "reconcilers/invoice/admit.h"

#include "controller/object/causes.h"
#include "crds/types/invoice.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/money.h"

#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

Error refusal(const Cause& cause) {
  return Error{Code::Invalid, cause.field + ": " + cause.message, {}, {cause}};
}

// What was issued is what the consumer has in hand: it goes with its namespace only.
Status admit_deletion(const AdmitRequest& request, const View& view) {
  if (text_at(*request.before, {"status", "issuedAt"}).empty()) return {};
  const auto ns = view.get(kinds::bucket(kinds::namespaces()),
                           {"", text_at(*request.before, {"metadata", "namespace"})});
  if (ns == nullptr || ns->header().deleting) return {};
  return Error{Code::Forbidden,
               "an issued invoice is kept; it goes with its namespace, corrections are lines on a "
               "later invoice"};
}

}  // namespace

Status admit(const AdmitRequest& request, const View& view) {
  if (request.operation == AdmitRequest::Operation::Delete) return admit_deletion(request, view);
  if (request.object == nullptr || request.subresource == "status") return {};
  // Finalizers of an object in deletion have to go, whatever it says.
  if (!text_at(*request.object, {"metadata", "deletionTimestamp"}).empty()) return {};
  CHARTER_TRY_ASSIGN(const auto now, read_invoice(*request.object));
  if (request.before != nullptr) {
    CHARTER_TRY_ASSIGN(const auto before, read_invoice(*request.before));
    if (spec_json(now.spec) == spec_json(before.spec)) return {};
    return refusal(forbidden_cause(
        "spec", "an invoice can't be changed; corrections are lines on a later one"));
  }
  const auto& period = now.spec.period;
  if (const auto known = minor_digits(now.spec.currency); !known)
    return refusal(
        invalid_cause("spec.currency", now.spec.currency, "is not a currency of ISO 4217"));
  if (period.from < period.to) return {};
  return refusal(invalid_cause("spec.period.to", format_time(period.to),
                               "must be after the beginning, " + format_time(period.from)));
}

}  // namespace charter::invoice
