#include "reconcilers/register.h"

#include "crds/types/kinds.h"
#include "reconcilers/account/reconciler.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/consumption/meter.h"
#include "reconcilers/contract/reconciler.h"
#include "reconcilers/git_source/reconciler.h"
#include "reconcilers/image/reconciler.h"
#include "reconcilers/invoice/opener.h"
#include "reconcilers/invoice/reconciler.h"
#include "reconcilers/machine/reconciler.h"
#include "reconcilers/provider/reconciler.h"
#include "reconcilers/rate_card/reconciler.h"
#include "reconcilers/service_instance/reconciler.h"
#include "reconcilers/service_offering/reconciler.h"
#include "reconcilers/service_offering_revision/reconciler.h"
#include "reconcilers/service_template/reconciler.h"
#include "reconcilers/usage_report/reconciler.h"
#include "reconcilers/volume/reconciler.h"

namespace charter {

HookTable make_hooks() {
  HookTable hooks;
  hooks[kinds::hook_key(kinds::providers())] = provider::hooks();
  hooks[kinds::hook_key(kinds::images())] = image::hooks();
  hooks[kinds::hook_key(kinds::service_templates())] = service_template::hooks();
  hooks[kinds::hook_key(kinds::rate_cards())] = rate_card::hooks();
  hooks[kinds::hook_key(kinds::service_offerings())] = service_offering::hooks();
  hooks[kinds::hook_key(kinds::service_offering_revisions())] = service_offering_revision::hooks();
  hooks[kinds::hook_key(kinds::accounts())] = account::hooks();
  hooks[kinds::hook_key(kinds::contracts())] = contract::hooks();
  hooks[kinds::hook_key(kinds::service_instances())] = service_instance::hooks();
  hooks[kinds::hook_key(kinds::machines())] = machine::hooks();
  hooks[kinds::hook_key(kinds::volumes())] = volume::hooks();
  hooks[kinds::hook_key(kinds::usage_reports())] = usage_report::hooks();
  hooks[kinds::hook_key(kinds::invoices())] = invoice::hooks();
  hooks[kinds::hook_key(kinds::git_sources())] = git_source::hooks();
  return hooks;
}

std::map<std::string, std::string, std::less<>> cache_selectors() {
  return {{kinds::bucket(kinds::secrets()), std::string(kInstanceLabel)}};
}

void add_controllers(Manager& manager, const ControllerResources& resources) {
  manager.add(provider::controller(resources.drivers));
  manager.add(image::controller());
  manager.add(service_template::controller());
  manager.add(rate_card::controller());
  manager.add(service_offering::controller());
  manager.add(service_offering_revision::controller());
  manager.add(account::controller());
  manager.add(contract::controller());
  manager.add(service_instance::controller());
  auto& machines = manager.add(machine::controller(resources.drivers));
  auto& volumes = manager.add(volume::controller(resources.drivers));
  provider::route_hints(resources.drivers, manager.caches(), machines, volumes);
  manager.add(consumption::controller(resources.drivers, [&machines](const ObjectName& name) {
    machines.add(name, Priority::Drift);
  }));
  manager.add(usage_report::controller());
  manager.add(invoice::controller());
  manager.add(invoice::opener());
  if (resources.repositories) git_source::add_to(manager, resources.own, resources.git);
}

}  // namespace charter
