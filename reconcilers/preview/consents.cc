#include "reconcilers/preview/consents.h"

#include "reconcilers/preview/prices.h"

#include <nlohmann/json.hpp>

namespace charter::preview {

std::vector<Json> consents(const std::vector<Json>& objects) {
  std::vector<Json> patches;
  for (const Json& object : objects) {
    if (!has_pending_offer(object)) continue;
    patches.push_back(
        {{"apiVersion", object.at("apiVersion")},
         {"kind", object.at("kind")},
         {"metadata",
          {{"namespace", text_at(object, {"metadata", "namespace"})},
           {"name", text_at(object, {"metadata", "name"})}}},
         {"spec",
          {{"acceptance", {{"offerHash", text_at(object, {"status", "offer", "hash"})}}}}}});
  }
  return patches;
}

}  // namespace charter::preview
