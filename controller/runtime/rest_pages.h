#pragma once

#include "controller/base/result.h"
#include "controller/object/object.h"
#include "controller/object/value.h"

#include <functional>
#include <string>

// Lists of a Kubernetes API server as they are read: limits::kListPage objects at a time, so that
// no answer grows with what is stored.
namespace charter {

/// What reads a list.
struct PageReader {
  /// GET of a path with its query.
  std::function<Result<Json>(const std::string& path_and_query)> get;
  /// It begins; also anew, when a continue token expired on the way: what was taken counts no more.
  std::function<void()> begin;
  /// A page, with an array `items` whose objects say apiVersion and kind. An error ends it.
  std::function<Status(Json& page)> take;
};

/// Reads the objects of a namespace, or of all when it is empty; `query` are further parameters
/// ("&labelSelector=…"). Errors: those of `get` and `take`; InternalError for what is no list.
Status read_pages(const PageReader& reader, const Gvr& resource, const std::string& ns,
                  const std::string& query = {});

}  // namespace charter
