#include "controller/object/admit.h"

#include <nlohmann/json.hpp>

namespace charter {

Json user_info(const Caller& caller) {
  Json out = {{"username", caller.user}};
  if (!caller.uid.empty()) out["uid"] = caller.uid;
  if (!caller.groups.empty()) out["groups"] = caller.groups;
  for (const auto& [key, values] : caller.extra)
    out["extra"][key] = values;
  return out;
}

}  // namespace charter
