// Composition root: puts the product's kinds, drivers and commands into the generic runtime. No
// logic here.
#include "controller/cli/product.h"
#include "controller/git/git_reader.h"
#include "controller/runtime/https_fetch.h"
#include "drivers/fenced_driver.h"
#include "drivers/images/image_commands.h"
#include "drivers/images/image_store.h"
#include "drivers/libvirt/libvirt_driver.h"
#include "drivers/ovf/ovf_commands.h"
#include "drivers/simulated/sim_commands.h"
#include "drivers/simulated/sim_driver.h"
#include "drivers/simulated/sim_rehearsal.h"
#include "reconcilers/billing/commands.h"
#include "reconcilers/export/commands.h"
#include "reconcilers/preview/consents.h"
#include "reconcilers/preview/departures.h"
#include "reconcilers/preview/hosts.h"
#include "reconcilers/preview/report.h"
#include "reconcilers/register.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

/// What the product's controllers live on.
struct Hold {
  Hold(const std::string& host_directory, const std::string& image_directory)
      : hosts(host_directory), images(image_directory) {}
  charter::SimWorlds hosts;    ///< outlives the drivers
  charter::ImageStore images;  ///< outlives the drivers
  charter::DriverPool drivers;
  std::unique_ptr<charter::GitReader> git;  ///< null: another API server
};

charter::ControllerHold add_controllers(charter::Manager& manager, const charter::Clock& clock,
                                        const std::string& data_dir, const charter::Fence& may_act,
                                        const charter::OwnServer& own) {
  auto hold = std::make_shared<Hold>(data_dir + "/sim", data_dir + "/images");
  const auto add = [&](const char* driver, charter::DriverFactory factory, charter::Login login) {
    hold->drivers.add_factory(driver, charter::fenced_factory(std::move(factory), may_act), login);
  };
  add("simulated",
      charter::simulated_driver_factory(hold->hosts,
                                        {.clock = &clock, .pause = charter::real_pause()}),
      charter::Login::None);
  add("libvirt", charter::libvirt::libvirt_driver_factory(hold->images, clock),
      charter::Login::BySecret);
  if (own.applier != nullptr) hold->git = charter::make_git_reader(data_dir + "/git");
  charter::add_controllers(manager, {hold->drivers, true, own, hold->git.get()});
  return hold;
}

charter::Result<charter::ControllerHold> add_rehearsal(charter::Manager& manager,
                                                       const charter::Clock& clock,
                                                       const std::vector<charter::Json>& objects) {
  CHARTER_TRY_ASSIGN(auto inventories, charter::preview::inventories_of(objects));
  auto hold = std::make_shared<Hold>("", "");
  const auto rehearse =
      charter::rehearsal_driver_factory(hold->hosts, std::move(inventories), clock);
  for (const char* driver : {"simulated", "libvirt"})
    hold->drivers.add_factory(driver, rehearse);
  charter::add_controllers(manager, {hold->drivers});
  return charter::ControllerHold(hold);
}

charter::Status download(const std::string& url, const std::string& ca_pem,
                         const std::function<charter::Status(std::string_view)>& sink) {
  constexpr auto kPiecePatience = std::chrono::seconds(60);
  return charter::download_https(url, ca_pem, kPiecePatience, sink);
}

}  // namespace

int main(int argc, char** argv) {
  const charter::SystemClock clock;
  charter::Product product;
  product.version = CHARTER_VERSION;
  product.definitions = charter::embedded::crds();
  product.roles = charter::embedded::roles();
  product.hooks = charter::make_hooks();
  product.cache_selectors = charter::cache_selectors();
  product.add_controllers = add_controllers;
  product.planning = {add_rehearsal, charter::preview::consents, charter::preview::kinds_of_sources,
                      charter::preview::report};
  product.commands = charter::sim_commands(std::cout, std::cerr, clock);
  for (auto& command : charter::image_commands(std::cout, std::cerr, download))
    product.commands.push_back(std::move(command));
  for (auto& command : charter::ovf_commands(std::cout, std::cerr))
    product.commands.push_back(std::move(command));
  for (auto& command : charter::billing::commands(std::cout, std::cerr))
    product.commands.push_back(std::move(command));
  product.commands.push_back(charter::exporting::command(std::cout, std::cerr));
  return charter::run_program(argc, argv, product);
}
