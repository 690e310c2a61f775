#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/service_instance/plan.h"

#include <string>

// Carries out what the plan decided: writes of objects that the instance owns. "Already there and
// ours" and "already gone" are success; a namesake that is not ours is an error that says so.
namespace charter::service_instance {

/// One action.
Status carry_out(const Runtime& rt, const ServiceInstance& instance, const Action& action);

/// cloud-init user data: a part that lets `kLoginUser` in by password, and the template's own.
std::string cloud_init(const std::string& password, const std::string& user_data);

inline constexpr const char* kLoginUser = "charter";

}  // namespace charter::service_instance
