#include "controller/api/builtin_columns.h"

#include "controller/api/rbac_validate.h"
#include "controller/webhooks/webhooks.h"

#include <nlohmann/json.hpp>

namespace charter {

bool has_own_cells(const ResourceType& type) {
  return is_rbac_kind(type) || is_webhook_configuration(type);
}

std::optional<std::string> builtin_cell(const PrinterColumn& column,
                                        const std::vector<std::string_view>& found) {
  if (column.json_path == ".webhooks[*].name") return std::to_string(found.size());
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
