#pragma once

#include "controller/api/heavy_workers.h"
#include "controller/api/http_server.h"
#include "controller/api/router.h"
#include "controller/object/admit.h"
#include "controller/object/document_read.h"
#include "controller/object/kind_registry.h"
#include "controller/runtime/client.h"
#include "controller/runtime/rest_transport.h"

#include <memory>
#include <string>
#include <string_view>

namespace charter {

/// What the documents stand on; the references outlive them.
struct OperatorDocumentParts {
  const KindRegistry& kinds;
  const HookTable& hooks;
  const Clock& clock;
  Metrics& metrics;
  std::shared_ptr<Client> client;  ///< only read with: every replica answers
  std::shared_ptr<RestTransport> transport;
};

/// What kinds answer themselves (KindHooks::documents), served by the operator under the path that
/// our own API server has them at, because a foreign one has no such subresources:
///
///   GET /apis/GROUP/VERSION/namespaces/NS/RESOURCE/NAME/DOCUMENT    Authorization: Bearer TOKEN
///
/// Who asks and whether he may is asked of the API server each time: TokenReview, then
/// SubjectAccessReview for the verb get on RESOURCE/DOCUMENT. Thread-safe.
class OperatorDocuments {
 public:
  explicit OperatorDocuments(OperatorDocumentParts parts);
  ~OperatorDocuments() { stop(); }

  /// Answers on a thread of its own. `cached` and `ledger` are nothing before they can be read.
  void answer(HttpRequest request, Respond respond, const View* cached, const LedgerReader* ledger);
  void stop() { workers_.stop(); }

  static bool is_path(std::string_view path) { return path.starts_with("/apis/"); }

 private:
  /// What was asked for, once it is known that there is such a thing.
  struct Asked {
    Route route;
    const ResourceType* type = nullptr;
    const DocumentRead* read = nullptr;
  };
  HttpResponse judge(const HttpRequest& request, const View& cached, const LedgerReader& ledger);
  Result<HttpResponse> read(const HttpRequest& request, const View& cached,
                            const LedgerReader& ledger);
  Result<Caller> identify(const HttpRequest& request);
  Status authorize(const Caller& caller, const Asked& asked);

  const OperatorDocumentParts parts_;
  HeavyWorkers workers_;
};

}  // namespace charter
