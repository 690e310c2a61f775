#pragma once

#include "controller/api/http_types.h"
#include "controller/api/media_type.h"
#include "controller/object/value.h"

#include <string>
#include <vector>

// Answers are made as JSON, which is what the store holds; here they become what was asked for.
namespace charter {

/// The pieces of a body as one text.
std::string joined(const std::vector<Bytes>& pieces);

/// The document that the pieces are the JSON text of. Errors: InternalError when it is beyond the
/// bounds of a document.
Result<Json> tree_of(const std::vector<Bytes>& pieces);

/// A response whose body is one JSON document in another syntax. Status and headers stay; a
/// document that has no form in it is answered by its error.
HttpResponse in_syntax(HttpResponse response, Representation::Syntax syntax);

/// A failure (Status in JSON) in the syntax that `accept` asks for; anything else as it is.
HttpResponse failure_in_syntax(HttpResponse response, std::string_view accept);

}  // namespace charter
