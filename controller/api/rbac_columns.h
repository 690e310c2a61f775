#pragma once

#include "controller/object/kind_registry.h"

#include <optional>
#include <string>
#include <string_view>

namespace charter {

/// The cell of a binding's column that no path can say: "ClusterRole/view", names joined by ", ".
/// Nothing for every other column. `found` is what the column's path selected, as JSON text.
std::optional<std::string> rbac_cell(const PrinterColumn& column,
                                     const std::vector<std::string_view>& found);

}  // namespace charter
