// Composition root: puts the product's kinds, drivers and commands into the generic runtime. No
// logic here.
#include "controller/cli/product.h"
#include "drivers/simulated/sim_commands.h"
#include "drivers/simulated/sim_driver.h"
#include "reconcilers/register.h"

#include <iostream>
#include <memory>

namespace {

/// What the product's controllers live on.
struct Hold {
  explicit Hold(const std::string& data_dir) : hosts(data_dir + "/sim") {}
  charter::SimWorlds hosts;  ///< outlives the drivers
  charter::DriverPool drivers;
};

charter::ControllerHold add_controllers(charter::Manager& manager, const charter::Clock& clock,
                                        const std::string& data_dir) {
  auto hold = std::make_shared<Hold>(data_dir);
  hold->drivers.add_factory("simulated",
                            charter::simulated_driver_factory(
                                hold->hosts, {.clock = &clock, .pause = charter::real_pause()}));
  charter::add_controllers(manager, {hold->drivers});
  return hold;
}

}  // namespace

int main(int argc, char** argv) {
  const charter::SystemClock clock;
  charter::Product product;
  product.version = CHARTER_VERSION;
  product.definitions = charter::embedded::crds();
  product.hooks = charter::make_hooks();
  product.add_controllers = add_controllers;
  product.commands = charter::sim_commands(std::cout, std::cerr, clock);
  return charter::run_program(argc, argv, product);
}
