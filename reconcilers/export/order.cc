#include "reconcilers/export/order.h"

#include "crds/types/kinds.h"

namespace charter::exporting {

const std::vector<WrittenKind>& written_kinds() {
  static const std::vector<WrittenKind> kOrder = {{kinds::providers(), Scope::Cluster},
                                                  {kinds::images(), Scope::Cluster},
                                                  {kinds::accounts(), Scope::Cluster},
                                                  {kinds::rate_cards(), Scope::Cluster},
                                                  {kinds::service_templates(), Scope::Namespaced},
                                                  {kinds::service_offerings(), Scope::Cluster},
                                                  {kinds::contracts(), Scope::Namespaced},
                                                  {kinds::volumes(), Scope::Namespaced},
                                                  {kinds::service_instances(), Scope::Namespaced},
                                                  {kinds::usage_reports(), Scope::Namespaced},
                                                  {kinds::git_sources(), Scope::Cluster}};
  return kOrder;
}

const std::vector<Gvr>& generated_kinds() {
  static const std::vector<Gvr> kGenerated = {kinds::service_offering_revisions(),
                                              kinds::machines(), kinds::invoices()};
  return kGenerated;
}

}  // namespace charter::exporting
