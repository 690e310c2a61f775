#pragma once

#include "controller/base/clock.h"
#include "controller/object/value.h"

#include <functional>
#include <string>
#include <string_view>

namespace charter {

/// GET of a JSON document by its https URL. Trusts the certificates of `ca_pem`; empty: those that
/// the machine trusts. Follows no redirect. Blocks for `timeout` at most. Errors: Invalid for a URL
/// that is not https or a CA that cannot be used, else as RestTransport::get.
Result<Json> fetch_https(const std::string& url, const std::string& ca_pem, Duration timeout);

/// GET of a file of any length, handed to `take` piece by piece. `timeout` is for each piece.
/// Errors: as fetch_https, and those of `take`, which end it.
Status download_https(const std::string& url, const std::string& ca_pem, Duration timeout,
                      const std::function<Status(std::string_view)>& take);

}  // namespace charter
