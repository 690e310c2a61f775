#pragma once

#include "crds/types/service_template.h"

#include <set>
#include <string>
#include <vector>

// Whether a template makes sense in itself: parameters, and the references of its components to
// parameters, volumes and networks. Used by admission, by the template's plan, and by offerings
// before they publish. Pure.
namespace charter::service_template {

/// Appends all findings with paths below "spec".
void check_template(const Template& spec, std::vector<Cause>& causes);

/// Images that machines may boot from, whatever the parameters.
std::set<std::string> image_names(const Template& spec);

/// The parameter of this name, or nullptr.
const TemplateParameter* find_parameter(const Template& spec, const std::string& name);

}  // namespace charter::service_template
