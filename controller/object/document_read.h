#pragma once

#include "controller/base/clock.h"
#include "controller/object/ledger.h"
#include "controller/object/view.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

// Read-only subresources that a kind answers itself, such as GET …/widgets/NAME/usage: registered
// beside its admission, served by the API server under RBAC's verb get on "widgets/usage".
namespace charter {

/// What was asked.
struct DocumentQuery {
  const Json& object;  ///< as stored
  const std::vector<std::pair<std::string, std::string>>& parameters;
  std::string accept;  ///< the request's Accept header
  Instant now{};
  const View& view;
  const LedgerReader& ledger;
  /// First value of a parameter, or empty.
  std::string parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters) {
      if (key == name) return value;
    }
    return {};
  }
};

/// The answer, in a media type of the kind's choice.
struct Document {
  std::string media_type, body;
};

/// Errors: BadRequest or Invalid for the parameters, NotAcceptable for the Accept header. May block:
/// never called on a wire or writer thread.
using DocumentRead = std::function<Result<Document>(const DocumentQuery&)>;

}  // namespace charter
