#pragma once

#include "controller/api/api_server.h"
#include "controller/api/definitions.h"
#include "controller/cli/product.h"
#include "controller/runtime/garbage_collector.h"
#include "controller/runtime/namespace_cleaner.h"
#include "controller/webhooks/webhooks.h"

#include <functional>
#include <memory>

// The API over one store, and all controllers, without a listener: what `charter serve` puts on the
// wire, and what `charter plan` lives through in memory on a clock of its own.
//
//   open: kinds, store, API  ->  install: controllers, definitions  ->  start (threads), or
//   manager().settle() on the caller's thread  ->  stop, in order
//
// Thread contract: built, installed and stopped by one thread; the API is thread-safe.
namespace charter {

/// What a control plane stands on; everything outlives it.
struct ControlPlaneParts {
  const Product& product;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  HeavyWorkers* heavy = nullptr;  ///< costly requests run there; null: on the caller's thread
  /// Asks users' admission webhooks; null: none is called.
  WebhookClient* webhooks = nullptr;
  HeavyWorkers* waiting = nullptr;  ///< where writes wait for webhooks
};

/// One control plane.
class ControlPlane {
 public:
  using AddControllers = std::function<Result<ControllerHold>(Manager&)>;

  /// `options.kinds` is filled in here. Errors: as Store::open.
  static Result<std::unique_ptr<ControlPlane>> open(const ControlPlaneParts& parts,
                                                    StoreOptions options);
  ~ControlPlane();

  /// Adds the controllers, and creates or updates the program's own definitions and namespaces.
  /// Errors: `add`'s, or of a definition that cannot be written.
  Status install(const AddControllers& add);
  /// Runs the controllers on threads of their own.
  void start() { manager_->start(); }
  /// Controllers end, then the store; idempotent. Error Timeout names what did not end.
  Status stop();

  ApiServer& api() { return *api_; }
  Store& store() { return *store_; }
  KindRegistry& kinds() { return kinds_; }
  Manager& manager() { return *manager_; }

 private:
  explicit ControlPlane(const ControlPlaneParts& parts) : parts_(parts) {}
  ApiParts api_parts();
  void tell_resources();

  const ControlPlaneParts parts_;
  KindRegistry kinds_;
  ControllerHold hold_;  // outlives the manager
  std::unique_ptr<Store> store_;
  std::unique_ptr<Webhooks> webhooks_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<GarbageCollector> collector_;
  std::unique_ptr<NamespaceCleaner> cleaner_;
  std::unique_ptr<Definitions> definitions_;
};

}  // namespace charter
