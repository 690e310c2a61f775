#pragma once

#include "controller/runtime/rest_transport.h"

#include <functional>
#include <memory>

namespace web::http {
class http_response;
}

namespace charter {

/// The lines of an answer whose head has come. Internal to the transport. `hang_up` ends the
/// connection; it is called once, when the stream is destroyed.
std::unique_ptr<RestStream> make_rest_stream(const web::http::http_response& response,
                                             std::function<void()> hang_up);

}  // namespace charter
