#include "controller/base/threads.h"

#include "controller/base/limits.h"

#include <sys/resource.h>

namespace charter {

// On Linux a niceness belongs to the thread, and 0 means the calling one.
void yield_cpu_to_others() {
  setpriority(PRIO_PROCESS, 0, limits::kDriftNiceness);
}

}  // namespace charter
