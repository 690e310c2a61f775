#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "controller/api/http_types.h"
#include "controller/api/router.h"
#include "controller/object/kind_registry.h"

// OpenAPI documents from the table of kinds: v3 by group and version (what kubectl explain, validation and server-side apply read) and v2 as
// one JSON document. Lean on purpose: kubectl decodes the whole group's document for every object it applies, so shared parts (ObjectMeta) are short and
// described once.
namespace charter {

/// Builds documents on demand and keeps them until the kinds change. Thread-safe.
class OpenApi {
 public:
  HttpResponse respond(const std::shared_ptr<const KindTable>& kinds, const Route& route, const HttpRequest& request);

 private:
  /// One document and its hash.
  struct Document {
    std::string body;
    std::string hash;
  };
  void refresh(const KindTable& kinds);
  std::mutex mutex_;
  int64_t epoch_ = -1;
  std::map<std::string, std::shared_ptr<const Document>> by_path_;  // "apis/conv.dev/v1" → document
  std::shared_ptr<const Document> index_;
  std::shared_ptr<const Document> v2_;
};

}  // namespace charter
