#pragma once

#include "controller/store/store.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace charter {

/// Told now and then how much is done, and at the end that all is.
using VerifyProgress = std::function<void(uint64_t done, uint64_t total)>;

/// verify_store of store.h for those who watch it.
Result<std::vector<VerifyFinding>> verify_store(const std::string& data_dir, const Sealer* sealer,
                                                const VerifyProgress& progress);

}  // namespace charter
