#pragma once

#include "controller/api/resource_verbs.h"
#include "controller/object/conditions.h"
#include "controller/runtime/garbage_collector.h"
#include "controller/runtime/local_client.h"
#include "controller/runtime/manager.h"
#include "controller/runtime/namespace_cleaner.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_admin.h"
#include "drivers/simulated/sim_world.h"
#include "tests/support/failing_driver.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A whole Charter in one thread and in memory: real store, verbs, admission, caches, all registered
// reconcilers, garbage collector, simulated hosts; a clock that moves only when told to. YAML in,
// conditions out:
//
//   World world;
//   world.apply(kProviderYaml);                       // any number of documents
//   world.settle_for(10s);                            // runs everything that is due until then
//   EXPECT_TRUE(world.is("Machine", "shop/m0", "Ready"));
//   world.expect_quiet();                             // G5: no write and no mutating driver call
//
// Names are "ns/name", or "name" at cluster scope; kinds as in YAML. Namespaces "default" and
// "shop" exist. A failing call that must succeed fails the test (CHECK) with its message.
namespace charter::test {

/// What a World may be told before it is built.
struct WorldOptions {
  /// Puts something between the controllers and the client (a FaultyClient …).
  std::function<std::shared_ptr<Client>(std::shared_ptr<Client>)> wrap = {};
  /// Controllers; empty: all registered ones.
  std::function<void(Manager&, DriverPool&)> add_controllers = {};
  /// Where store and simulated hosts are kept, so that another World can go on there; empty: in
  /// memory.
  std::string data_dir = {};
  std::string vfs = {};                        ///< of the store; for faults
  std::string begin = "2026-06-01T00:00:00Z";  ///< what the clock shows
};

/// The World.
class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();

  // --- the API
  // ------------------------------------------------------------------------------------
  /// Creates each document, or replaces its spec, labels and annotations.
  void apply(std::string_view yaml);
  /// The same for one document, with the answer.
  Status try_apply(std::string_view yaml);
  /// Merges (RFC 7386) into the object as it is now, e.g. `{spec: {power: Off}}` in YAML.
  void edit(const std::string& kind, const std::string& name, std::string_view yaml_patch);
  Status try_edit(const std::string& kind, const std::string& name, std::string_view yaml_patch);
  void remove(const std::string& kind, const std::string& name);
  Status try_remove(const std::string& kind, const std::string& name);
  /// The object's tree, or null when there is none.
  Json get(const std::string& kind, const std::string& name);
  bool exists(const std::string& kind, const std::string& name);
  std::vector<std::string> names(const std::string& kind, const std::string& ns = {});
  std::string uid(const std::string& kind, const std::string& name);
  /// Text, number or flag at a dotted path below the object ("status.address"); empty when absent.
  std::string field(const std::string& kind, const std::string& name, const std::string& path);
  std::optional<Condition> condition(const std::string& kind, const std::string& name,
                                     const std::string& type);
  /// True when the condition is True.
  bool is(const std::string& kind, const std::string& name, const std::string& type);
  /// "Ready=False InUse: message", for EXPECT_EQ and for messages; "no object" / "no condition".
  std::string explain(const std::string& kind, const std::string& name,
                      const std::string& type = "Ready");
  /// reason of a condition, empty without one.
  std::string reason(const std::string& kind, const std::string& name,
                     const std::string& type = "Ready");
  /// Warnings of the last try_apply or try_edit.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // --- time
  // ---------------------------------------------------------------------------------------
  /// Runs what is due now. CHECKs that it ends.
  void settle();
  /// Moves the clock to each moment at which something is due, up to `length` from now, settling at
  /// each.
  void settle_for(Duration length);
  /// settle_for in steps until `done`, at most `length`; whether it came true.
  bool settle_until(const std::function<bool()>& done, Duration length);
  ManualClock& clock() { return clock_; }

  // --- proofs
  // -------------------------------------------------------------------------------------
  /// Fails the test when `length` of idle life commits anything or changes anything outside.
  void expect_quiet(Duration length = std::chrono::seconds(60));
  /// Commits so far, Events included.
  int64_t commits() const;
  /// Calls of all simulated endpoints that were meant to change something.
  int64_t mutating_calls(const std::string& provider);
  /// Machines and volumes with our stamp at a provider.
  int64_t external_things(const std::string& provider);
  /// An administrator's hands on a simulated provider.
  SimAdmin admin(const std::string& provider);
  CallFaults& faults() { return *faults_; }

  // --- the process
  // --------------------------------------------------------------------------------
  /// As after a crash: controllers, caches and drivers start anew; store and hosts stay. With a
  /// data directory the store is opened anew too.
  void restart();
  /// A second set of controllers on the same store, as when somebody starts the program twice.
  std::unique_ptr<Manager> second_manager(DriverPool& drivers);
  Store& store() { return *store_; }
  ResourceVerbs& verbs() { return *verbs_; }
  KindRegistry& kinds() { return kinds_; }
  DriverPool& drivers() { return *drivers_; }
  Manager& manager() { return *manager_; }
  std::shared_ptr<Client> client() { return client_; }

 private:
  std::shared_ptr<const ResourceType> type_of(const std::string& kind) const;
  Status write(const Json& document);
  void open_store();
  void start();
  void give_drivers(DriverPool& drivers);
  std::unique_ptr<Manager> make_manager();

  const WorldOptions options_;
  ManualClock clock_;
  SeededRandom random_{7};
  Metrics metrics_;
  KindRegistry& kinds_;  ///< of all Worlds: to make it takes a tenth of a second
  HookTable hooks_;
  SimWorlds hosts_;
  std::shared_ptr<CallFaults> faults_ = std::make_shared<CallFaults>();
  std::vector<std::string> warnings_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ResourceVerbs> verbs_;
  std::shared_ptr<Client> client_;
  std::unique_ptr<DriverPool> drivers_;  ///< outlives the manager
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<GarbageCollector> collector_;
  std::unique_ptr<NamespaceCleaner> cleaner_;
};

/// "ns/name" or "name".
ObjectName parse_name(const std::string& name);

}  // namespace charter::test
