#pragma once

#include "controller/runtime/controller.h"
#include "drivers/provider_driver.h"

#include <functional>

// Reads what machines consume: at each whole hour one bulk call to each provider on which somebody
// pays for it, whose answer the machines' own passes take from there (machine/consumption.h).
//
//   provider                                      -> next
//   gone, or being deleted                        -> (nothing)
//   was read in this hour                         -> wait for the next
//   no machine there whose consumption is priced  -> wait for the next
//   else                                          -> read the counters, wake those machines, wait
//
// After a restart it goes by what the machines' status says was read last, so that an hour that was
// missed is read at once and one that was not is not read again.
namespace charter::consumption {

/// Time between readings: what a report by the hour needs, and few writes a machine.
inline constexpr Duration kReadInterval = std::chrono::hours(1);

/// Makes a Machine's name a key of its controller.
using Wake = std::function<void(const ObjectName& machine)>;

/// `drivers` outlives it, and so does what `wake` refers to.
ControllerSpec controller(DriverPool& drivers, Wake wake);

}  // namespace charter::consumption
