#pragma once

#include "controller/base/clock.h"
#include "controller/base/random.h"
#include "controller/runtime/client.h"
#include "controller/runtime/rest_transport.h"
#include "controller/runtime/signal.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

// The Client over a Kubernetes API server: the same interface as LocalClient, so that reconcilers
// run unchanged. What differs is said here:
//
//   list      in pages of kListPage; a continue token that expired on the way begins it again
//   watch     a stream of lines with bookmarks, of kWatchLifeMin to twice that; then take() answers
//             Timeout and the watch goes on from the newest version. Silence beyond
//             kWatchSilenceMax is a dead line: ServiceUnavailable
//   429, 503  with Retry-After: asked again after that, kThrottledTriesMax times
//   objects   with as much of metadata.managedFields as says who wrote the spec: the rest is half
//   of
//             an object's bytes. Writes leave them out, and so leave them alone
//   writes    asked of `may_write` first: one that no longer leads writes nothing
namespace charter {

/// What clients of one server share; the references outlive them.
struct RestClientParts {
  std::shared_ptr<RestTransport> transport;
  const Clock& clock;
  Random& random;
  /// Header fields of an object of a bucket, see KindHooks::index.
  std::function<Pairs(std::string_view bucket, const Json& object)> index;
  /// Label selectors of lists and watches that bring none of their own, by bucket: a cache of
  /// Secrets holds ours and nobody else's.
  std::map<std::string, std::string, std::less<>> selectors = {};
  /// Refuses writes, or empty: nobody does.
  std::function<Status()> may_write = {};
  /// Ended: nobody waits any more.
  std::shared_ptr<Signal> stopped = std::make_shared<Signal>();
};

/// Client over a Kubernetes API server. Thread-safe.
class RestClient final : public Client {
 public:
  /// `field_manager` is who its writes are tracked as, e.g. "charter-machine".
  RestClient(RestClientParts parts, std::string field_manager);

  Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) override;
  Result<ObjectList> list(const Gvr& resource, const Selection& selection) override;
  Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                       int64_t version) override;
  Result<ObjectPtr> create(const Gvr& resource, const Json& object) override;
  Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) override;
  Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) override;

 private:
  Result<Json> ask(const RestCall& call);
  Result<Json> write(const RestCall& call);
  Result<ObjectPtr> wrap(const Gvr& resource, Result<Json> answer) const;
  std::string selection_query(const Gvr& resource, Selection selection) const;

  const RestClientParts parts_;
  const std::string field_manager_;
};

/// "/apis/charter.dev/v1alpha1/namespaces/shop/machines/a"; without a name: the collection, without
/// a namespace: at cluster scope, or all namespaces.
std::string resource_path(const Gvr& resource, const ObjectName& name);

/// `text` with everything but letters, digits and -_.~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace charter
