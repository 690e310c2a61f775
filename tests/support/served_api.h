#pragma once

#include "controller/api/api_server.h"
#include "controller/api/definitions.h"
#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/webhooks/webhooks.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The whole API without sockets: requests go in as HttpRequest and come out as text, on a store in memory.
namespace charter::test {

/// What a request was answered.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::unique_ptr<BodyStream> stream;

  /// The body as JSON; null when it is none.
  Json json() const;
  /// metav1.Status members, empty when the body has none.
  std::string reason() const;
  std::string message() const;
  /// First header of that name, or empty.
  std::string header(std::string_view name) const;
  /// All Warning headers.
  std::vector<std::string> warnings() const;
};

/// Who asks: the identity of a client certificate.
struct Peer {
  std::string user = "admin";
  std::vector<std::string> groups = {"system:masters"};
};

/// One request.
struct Ask {
  std::string method = "GET";
  std::string target = {};  ///< path and query
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::optional<Peer> peer = Peer{};
};

/// An API server with the built-in kinds, the kind Widget of shop.dev (namespaced; status, scale, columns, a rich schema), the
/// kind Rack of shop.dev (cluster scope) and the namespace "lab". Not thread-safe: writes finish inside the request.
class ServedApi {
 public:
  /// With `heavy`, costly requests are answered by it: use handle() for them. With `webhooks`, users' admission webhooks are
  /// asked through it.
  explicit ServedApi(HeavyWorkers* heavy = nullptr, WebhookClient* webhooks = nullptr);

  Answer ask(Ask what);
  /// Starts one request; `answered` is called once, maybe later and on another thread.
  void handle(Ask what, std::function<void(Answer)> answered);
  Answer get(const std::string& target) { return ask({"GET", target}); }
  Answer post(const std::string& target, const Json& body);
  Answer put(const std::string& target, const Json& body);
  Answer merge(const std::string& target, const Json& patch);
  Answer json_patch(const std::string& target, const Json& patch);
  /// Server-side apply; `options` is more of the query, e.g. "&force=true".
  Answer apply(const std::string& target, const Json& config, const std::string& manager, const std::string& options = {});
  Answer remove(const std::string& target) { return ask({"DELETE", target}); }

  Store& store() { return *store_; }
  KindRegistry& kinds() { return kinds_; }
  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }
  ApiServer& server() { return *server_; }
  HookTable& hooks() { return hooks_; }
  /// A served type; the test fails without it.
  ResourceTypePtr type(const Gvr& gvr) const;

 private:
  ManualClock clock_;
  SeededRandom random_{11};
  Metrics metrics_;
  KindRegistry kinds_;
  HookTable hooks_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Webhooks> webhooks_;
  std::unique_ptr<Definitions> definitions_;
  std::unique_ptr<ApiServer> server_;
};

inline const Gvr kShopWidgets{"shop.dev", "v1", "widgets"};
inline const std::string kWidgetsPath = "/apis/shop.dev/v1/namespaces/lab/widgets";
inline const std::string kRacksPath = "/apis/shop.dev/v1/racks";
inline const std::string kDefinitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A widget of shop.dev; `metadata` is merged over name and namespace.
Json shop_widget(const std::string& name, const Json& spec, const Json& metadata);
Json shop_widget(const std::string& name, const Json& spec);
Json shop_widget(const std::string& name);
/// The definition of shop.dev's kinds, for tests that change it.
Json widget_definition();

/// Takes what a stream has to say until it is idle or ends: one JSON document a line.
std::vector<Json> drain(BodyStream& stream, bool* ended = nullptr);

}  // namespace charter::test
