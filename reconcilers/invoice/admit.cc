#include "reconcilers/invoice/admit.h"

#include "controller/object/causes.h"
#include "crds/types/invoice.h"

#include <nlohmann/json.hpp>

namespace charter::invoice {
namespace {

Error refusal(const Cause& cause) {
  return Error{Code::Invalid, cause.field + ": " + cause.message, {}, {cause}};
}

}  // namespace

Status admit(const AdmitRequest& request, const View&) {
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
  if (period.from < period.to) return {};
  return refusal(invalid_cause("spec.period.to", format_time(period.to),
                               "must be after the beginning, " + format_time(period.from)));
}

}  // namespace charter::invoice
