#pragma once

#include "controller/object/kind_registry.h"

#include <optional>
#include <string>
#include <string_view>

namespace charter {

/// True for kinds with columns that builtin_cell makes.
bool has_own_cells(const ResourceType& type);

/// The cell of a built-in kind's column that no path can say: a binding's "ClusterRole/view" and
/// names joined by ", ", the number of webhooks. Nothing for every other column. `found` is what
/// the column's path selected, as JSON text.
std::optional<std::string> builtin_cell(const PrinterColumn& column,
                                        const std::vector<std::string_view>& found);

}  // namespace charter
