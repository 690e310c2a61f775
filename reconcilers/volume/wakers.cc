#include "reconcilers/volume/wakers.h"

#include "crds/types/kinds.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/volume/admit.h"
#include "reconcilers/volume/look.h"

namespace charter::volume {

std::vector<ObjectName> volumes_waiting(const Encoded& provider, const Caches& caches) {
  std::vector<ObjectName> names;
  for (const auto& value : {provider.header().name, std::string(kAnyProvider)}) {
    for (const auto& volume : caches.list_by(kinds::bucket(kinds::volumes()), kByWaitsFor, value))
      names.push_back({volume->header().ns, volume->header().name});
  }
  return names;
}

std::vector<ObjectName> unplaced_volumes(const Encoded& parent, const Caches& caches) {
  std::vector<ObjectName> names;
  const std::string any(kAnyProvider);
  for (const auto& volume : caches.list_by(kinds::bucket(kinds::volumes()), kByWaitsFor, any)) {
    if (volume->header().ns == parent.header().ns)
      names.push_back({volume->header().ns, volume->header().name});
  }
  return names;
}

std::vector<ObjectName> volumes_of_contract(const Encoded& contract, const Caches& caches) {
  auto names = unplaced_volumes(contract, caches);
  const auto& header = contract.header();
  if (!contract::has_ended(header)) return names;
  const auto key = to_string(ObjectName{header.ns, header.name});
  for (const auto& volume :
       caches.list_by(kinds::bucket(kinds::volumes()), contract::kByContract, key))
    names.push_back({volume->header().ns, volume->header().name});
  return names;
}

}  // namespace charter::volume
