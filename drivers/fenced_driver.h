#pragma once

#include "drivers/provider_driver.h"

#include <functional>

// Drivers of a process that may lose the right to act at any moment (leader election).
namespace charter {

/// Asked before each call to an endpoint; an error is the call's answer, and nothing is called.
/// Decided by the clock, so that a process that was stopped for a while is refused when it wakes.
using Fence = std::function<Status()>;

/// A factory whose drivers ask `fence` before every call, looks included: what is seen by one that
/// does not lead would be acted on. Opening an endpoint is a call, too. An empty fence: `inner`.
DriverFactory fenced_factory(DriverFactory inner, Fence fence);

}  // namespace charter
