#pragma once

#include "crds/types/service_offering_revision.h"

#include <string>
#include <vector>

// Parameter values as a revision allows them. A revision has template and offering merged, so only
// its own bounds are asked. Pure.
namespace charter::service_instance {

/// All parameters of a revision with their values: locked, given, or default.
class Values {
 public:
  /// Judges what is given. Errors: Invalid with a cause for each field `spec.parameters.<name>`.
  static Result<Values> resolve(const std::vector<RevisionParameter>& parameters,
                                const ParameterValues& given);

  /// The source's own value, else the parameter's. 0 or empty when it names none that is known.
  int64_t of(const IntegerSource& source) const;
  int64_t of(const BytesSource& source) const;
  std::string of(const std::optional<TextSource>& source) const;
  /// Text of one parameter.
  std::string text(const std::string& parameter) const;

 private:
  ParameterValues values_;
};

}  // namespace charter::service_instance
