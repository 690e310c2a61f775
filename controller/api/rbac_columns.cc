#include "controller/api/rbac_columns.h"

#include <nlohmann/json.hpp>

namespace charter {

std::optional<std::string> rbac_cell(const PrinterColumn& column,
                                     const std::vector<std::string_view>& found) {
  const bool role = column.json_path == ".roleRef";
  if (!role && !column.json_path.starts_with(".subjects[")) return std::nullopt;
  std::string text;
  for (const std::string_view value : found) {
    const auto tree = parse_json(value);
    if (!tree) continue;
    if (!text.empty()) text += ", ";
    if (role) {
      text += text_at(*tree, {"kind"}) + "/" + text_at(*tree, {"name"});
    } else {
      text += tree->is_string() ? tree->get<std::string>()
                                : text_at(*tree, {"namespace"}) + "/" + text_at(*tree, {"name"});
    }
  }
  return encode(Json(text));
}

}  // namespace charter
