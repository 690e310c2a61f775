#include "reconcilers/consumption/priced.h"

#include "crds/types/contract.h"
#include "crds/types/kinds.h"
#include "crds/types/service_offering_revision.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::consumption {

bool is_priced(const Caches& caches, const ObjectName& contract) {
  const auto encoded = caches.get(kinds::bucket(kinds::contracts()), contract);
  if (encoded == nullptr) return false;
  const auto accepted = text_at(encoded->bare_tree(), {"status", "accepted", "revision"});
  if (accepted.empty()) return false;
  const auto found = caches.get(kinds::bucket(kinds::service_offering_revisions()), {"", accepted});
  if (found == nullptr) return false;
  const auto revision = read_service_offering_revision(found->bare_tree());
  if (!revision) return false;
  const auto& items = revision->spec.rates.items;
  return std::any_of(items.begin(), items.end(),
                     [](const RateItem& item) { return is_consumption(item.meter); });
}

}  // namespace charter::consumption
