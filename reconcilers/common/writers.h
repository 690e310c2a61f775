#pragma once

#include "controller/object/value.h"

#include <string>

namespace charter {

/// The manager that wrote the spec last, as managedFields tell; empty when they do not. Controllers
/// write finalizers and status, never a spec.
std::string last_spec_writer(const Json& object);

}  // namespace charter
