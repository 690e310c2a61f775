#pragma once

#include "crds/types/service_offering_revision.h"

#include <string>
#include <vector>

// How a template bounds its parameters, how an offering narrows them, and what both together allow.
// An offering may lock, narrow or default; it never widens. Pure.
namespace charter::parameters {

/// Appends what is wrong with a parameter of a template: values of another type, an order for
/// strings, min above max, a step of 0, allowed values or a default outside of min, max and step.
void check_bounds(const TemplateParameter& parameter, const std::string& field,
                  std::vector<Cause>& causes);

/// Appends where an offering's statement about a parameter leaves the template's bounds.
void check_narrowing(const TemplateParameter& outer, const OfferingParameter& inner,
                     const std::string& field, std::vector<Cause>& causes);

/// Both together: the inner statement where there is one, else the outer. A default of the
/// template that the narrowed bounds exclude is gone: the consumer has to state a value.
RevisionParameter merge(const TemplateParameter& outer, const OfferingParameter* inner);

/// All parameters of a template as an offering sells them, in the template's order.
std::vector<RevisionParameter> merge_all(const std::vector<TemplateParameter>& outer,
                                         const std::vector<OfferingParameter>& inner);

}  // namespace charter::parameters
