#pragma once

#include "controller/api/http_types.h"
#include "controller/api/router.h"
#include "controller/object/kind_registry.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

// OpenAPI documents from the table of kinds: v3 by group and version (what kubectl explain,
// validation and server-side apply read) and v2 as one document, in JSON and as protobuf (what
// client-side apply reads). Lean on purpose: kubectl decodes the whole group's document for every
// object it applies, so shared parts (ObjectMeta) are short and described once.
namespace charter {

/// Builds documents on demand and keeps them until the kinds change. Thread-safe.
class OpenApi {
 public:
  HttpResponse respond(const std::shared_ptr<const KindTable>& kinds, const Route& route, const HttpRequest& request);

 private:
  /// One document and its hash.
  struct Document {
    std::string type;  ///< Content-Type
    std::string body;
    std::string hash;
    std::string compressed;  ///< gzip of the body; empty when the document is never compressed
  };
  static std::shared_ptr<const Document> make(std::string type, std::string body);
  // With the mutex held.
  void refresh(const KindTable& kinds);
  std::shared_ptr<const Document> find_v2(const KindTable& kinds, const std::string& type);
  /// Null for a path that is not served. Errors: NotAcceptable.
  Result<std::shared_ptr<const Document>> find(const KindTable& kinds, std::string_view path,
                                               std::string_view accept);

  std::mutex mutex_;
  int64_t epoch_ = -1;
  std::map<std::string, std::shared_ptr<const Document>> by_path_;  // "apis/conv.dev/v1" → document
  std::shared_ptr<const Document> index_;
  std::map<std::string, std::shared_ptr<const Document>> v2_;  // by Content-Type
};

}  // namespace charter
