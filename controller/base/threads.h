#pragma once

namespace charter {

/// Gives the calling thread kDriftNiceness for the rest of its life: it gets the CPU that others
/// leave. A kernel that refuses changes nothing.
void yield_cpu_to_others();

}  // namespace charter
