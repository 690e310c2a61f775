#include "reconcilers/usage_report/admit.h"

#include "controller/object/causes.h"
#include "crds/types/usage_report.h"

#include <nlohmann/json.hpp>

namespace charter::usage_report {

Status admit(const AdmitRequest& request, const View&) {
  if (request.object == nullptr || request.subresource == "status") return {};
  // Finalizers of an object in deletion have to go, whatever it says.
  if (!text_at(*request.object, {"metadata", "deletionTimestamp"}).empty()) return {};
  CHARTER_TRY_ASSIGN(const auto report, read_usage_report(*request.object));
  const auto& period = report.spec.period;
  if (period.from < period.to) return {};
  const auto cause = invalid_cause("spec.period.to", format_time(period.to),
                                   "must be after the beginning, " + format_time(period.from));
  return Error{Code::Invalid, cause.field + ": " + cause.message, {}, {cause}};
}

}  // namespace charter::usage_report
