#pragma once

#include "controller/api/resource_verbs.h"
#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/runtime/local_client.h"
#include "controller/runtime/manager.h"
#include "controller/runtime/served_resources.h"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// The real store, verbs and local client in memory, for tests of what stands on them.
namespace charter::test {

inline const Gvr kNamespaces{"", "v1", "namespaces"};
inline const Gvr kConfigMaps{"", "v1", "configmaps"};
inline const Gvr kEvents{"", "v1", "events"};
inline const Gvr kWidgets{"test.dev", "v1", "widgets"};  ///< namespaced; spec.size, status.seen
inline const Gvr kRacks{"test.dev", "v1", "racks"};      ///< cluster scope

/// An API with the built-in kinds, widgets, racks and the namespace "lab".
class LocalApi {
 public:
  explicit LocalApi(WriterMode mode = WriterMode::Inline);

  std::shared_ptr<Client> client(const std::string& field_manager = "test");
  Store& store() { return *store_; }
  KindRegistry& kinds() { return kinds_; }
  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }
  Metrics& metrics() { return metrics_; }

  /// A manager on this API; `wrap` may put something between it and the client.
  ManagerParts manager_parts(
      std::function<std::shared_ptr<Client>(std::shared_ptr<Client>)> wrap = {});
  /// Everything served, as collectors want it.
  std::vector<ServedResource> served() const;

  /// Creates an object and returns it; a failure fails the test.
  ObjectPtr create(const Gvr& resource, const Json& object);
  ObjectPtr get(const Gvr& resource, const ObjectName& name);
  void remove(const Gvr& resource, const ObjectName& name, const std::string& propagation = {});
  size_t count(const Gvr& resource, const std::string& ns = {});

 private:
  ManualClock clock_;
  SeededRandom random_{7};
  Metrics metrics_;
  KindRegistry kinds_;
  HookTable hooks_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ResourceVerbs> verbs_;
};

/// A widget document; `owners` go into metadata.ownerReferences.
Json widget(const std::string& name, const std::string& ns = "lab");
/// An owner reference to `owner` (kind read from its tree).
Json owner_reference(const Encoded& owner, bool blocks = false);

/// A Client whose watches can be held back, broken or expired, and whose calls can be made to fail.
/// Thread-safe.
class FaultyClient final : public Client {
 public:
  explicit FaultyClient(std::shared_ptr<Client> inner) : inner_(std::move(inner)) {}

  /// Watches deliver nothing until `release_watches`.
  void hold_watches();
  void release_watches();
  /// The next take of each watch answers this error once.
  void break_watches(const Error& error);
  /// Fails the next calls of a verb ("list", "create", …), one error each.
  void fail_next(const std::string& verb, const Error& error);
  int calls(const std::string& verb) const;

  Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) override;
  Result<ObjectList> list(const Gvr& resource, const Selection& selection) override;
  Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                       int64_t version) override;
  Result<ObjectPtr> create(const Gvr& resource, const Json& object) override;
  Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) override;
  Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) override;

 private:
  class HeldWatch;
  Status enter(const std::string& verb);

  const std::shared_ptr<Client> inner_;
  mutable std::mutex mutex_;
  bool held_ = false;
  int break_count_ = 0;
  Error break_error_;
  std::map<std::string, std::deque<Error>> failures_;
  std::map<std::string, int> calls_;
};

}  // namespace charter::test
