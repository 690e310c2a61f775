#pragma once

#include "controller/api/http_types.h"
#include "controller/api/list_options.h"
#include "controller/api/media_type.h"
#include "controller/api/table.h"
#include "controller/base/clock.h"
#include "controller/store/store.h"

// GET and LIST: bodies put together from stored bytes (plain form), or rows and metadata (Table, PartialObjectMetadata).
namespace charter {

/// A page of objects and the metadata of its list.
struct ListBody {
  const ResourceType& type;
  ListPage page;
  std::string continue_token;
};

/// The page that `options` select. Errors: Expired when its revision is no longer kept, Timeout for
/// a future version.
Result<ListBody> read_list(const Store& store, const ResourceType& type, const std::string& ns, const ListOptions& options);

/// The list in the wanted shape.
HttpResponse list_response(const ListBody& body, const Representation& shape, IncludeObject include, Instant now);

/// One object in the wanted shape. `status` is 200 or 201.
HttpResponse object_response(int status, const ResourceType& type, const ObjectPtr& object, const Representation& shape,
                             IncludeObject include, Instant now);

/// Any document in the wanted syntax.
HttpResponse document_response(int status, const Json& document, const Representation& shape);

/// Timeout when `version` lies in the future, as kube-apiserver answers.
Status check_not_future(const Store& store, int64_t version);

}  // namespace charter
