#pragma once

#include "controller/base/result.h"

#include <string>

namespace charter {

/// Makes a qcow2 file of an image in another format with qemu-img, as a process of its own without
/// network, environment and standard streams, and with bounds on memory, time and file size. `from`
/// must have been inspected: the tool would open what it refers to. Errors: Invalid when the tool
/// refuses it; ServiceUnavailable when the tool is not there or cannot be isolated.
Status convert_to_qcow2(const std::string& from, const std::string& format, const std::string& to);

}  // namespace charter
