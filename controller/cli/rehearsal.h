#pragma once

#include "controller/base/random.h"
#include "controller/cli/control_plane.h"
#include "controller/cli/manifests.h"
#include "controller/runtime/rehearsed.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// A control plane in memory that begins with the objects of a real one and can be asked what would
// happen: the same API, admission, plans and reconcilers, on hosts that look as the objects' status
// says, on a clock that jumps to whatever is due next. Nothing leaves the process.
//
//   open(objects) -> before = settled() -> apply(documents) -> after = settled()
//
// One thread.
namespace charter {

/// One rehearsal.
class Rehearsal {
 public:
  /// `objects` as a server lists them, each with apiVersion and kind. Errors: of an object that
  /// this program cannot hold, or of hosts that cannot be imitated.
  static Result<std::unique_ptr<Rehearsal>> open(const Product& product, Instant now,
                                                 const std::vector<Json>& objects);
  ~Rehearsal();

  /// Lives until nothing is due within kPlanHorizon, and returns all objects but Events and Leases.
  /// Errors: Timeout when the controllers do not come to rest.
  Result<std::vector<Json>> settled();
  /// As `kubectl apply`: creates, merges what a client-side apply made, else applies on the
  /// server's side. A namespaced document without a namespace goes to `ns`.
  RehearsedDocument apply(const Manifest& manifest, const std::string& ns);
  /// Merges into an object that exists.
  Status merge(const Json& patch);

 private:
  Rehearsal(const Product& product, Instant now);
  Status seed(const std::vector<Json>& objects);
  Status seed_object(const Json& object);
  ResourceTypePtr type_of(const Json& document) const;
  Result<Written> write(const ResourceTypePtr& type, const ObjectName& name, const Json* live,
                        Json document);
  Result<Written> merge_into(const ResourceTypePtr& type, const ObjectName& name, Json patch);

  const Product& product_;
  ManualClock clock_;
  SeededRandom random_{1};
  Metrics metrics_;
  std::unique_ptr<ControlPlane> plane_;
};

/// Whether the consents that the documents' own objects wait for are given.
enum class Consent { Wait, Give };

/// In which order documents are applied.
enum class Order {
  AsGiven,   ///< as `kubectl apply` does
  AsNeeded,  ///< one that is refused is tried again after others were taken, until that helps no
             ///< more
};

/// What to rehearse.
struct RehearsalRequest {
  std::vector<Json> objects;  ///< as Rehearsal::open
  std::vector<Manifest> manifests;
  std::string ns = "default";
  Consent consent = Consent::Wait;
  Order order = Order::AsGiven;
};

/// The whole story: opens, settles, applies, gives consents, settles again. Errors: as Rehearsal's.
Result<Rehearsed> rehearse(const Product& product, Instant now, const RehearsalRequest& request);

}  // namespace charter
