#include "controller/runtime/rest_transport.h"

#include "controller/base/limits.h"

#include <boost/asio/ssl.hpp>
#include <cpprest/http_client.h>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <pplx/threadpool.h>

#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
// cpprestsdk drops what is still queued in its pool when the process ends: after a failed request
// that is the closing of its body, a leak of the library's own tasks at exit, now and then.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:pplx::details\nleak:Concurrency::streams\n";
}
#endif

namespace charter {
namespace {

namespace http = web::http;

// cpprestsdk starts its pool with the first request of the process and never again. Its threads end
// after OpenSSL would have cleaned up at exit, and then could not free what they keep there
// (LeakSanitizer in the end-to-end tests tells).
void prepare_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    crossplat::threadpool::initialize_with_threads(limits::kOutgoingThreads);
  });
}

void trust(boost::asio::ssl::context& context, const Kubeconfig& config) {
  context.set_options(boost::asio::ssl::context::no_tlsv1 | boost::asio::ssl::context::no_tlsv1_1);
  if (!config.ca_pem.empty()) context.add_certificate_authority(boost::asio::buffer(config.ca_pem));
  if (config.certificate_pem.empty()) return;
  context.use_certificate_chain(boost::asio::buffer(config.certificate_pem));
  context.use_private_key(boost::asio::buffer(config.key_pem), boost::asio::ssl::context::pem);
}

Error no_answer(const Kubeconfig& config, const std::string& what) {
  return Error{Code::ServiceUnavailable, config.server + ": " + what};
}

Error refused(const Kubeconfig& config, int status, const std::string& body) {
  const auto tree = parse_json(body);
  const bool is_status = tree && text_at(*tree, {"kind"}) == "Status";
  const std::string message = is_status ? text_at(*tree, {"message"}) : std::string();
  Error error{
      code_of_answer(is_status ? text_at(*tree, {"reason"}) : std::string(), status),
      config.server + ": " +
          (message.empty() ? "answered with HTTP status " + std::to_string(status) : message)};
  return error;
}

// In pieces, so that an endless answer is found before the memory is.
Status read_pieces(const http::http_response& response, const RestTransport::Piece& take) {
  std::vector<uint8_t> piece(256 * 1024);
  auto source = response.body().streambuf();
  while (const size_t size = source.getn(piece.data(), piece.size()).get())
    CHARTER_TRY(take(std::string_view(reinterpret_cast<const char*>(piece.data()), size)));
  return {};
}

Result<std::string> read_body(const http::http_response& response, const Kubeconfig& config,
                              size_t bytes_max) {
  std::string body;
  CHARTER_TRY(read_pieces(response, [&](std::string_view piece) -> Status {
    body.append(piece);
    if (body.size() > bytes_max)
      return no_answer(config, "the answer is larger than " + std::to_string(bytes_max) + " bytes");
    return {};
  }));
  return body;
}

}  // namespace

/// The client library's connection pool and what it was opened for.
struct RestTransport::State {
  Kubeconfig config;
  http::client::http_client client;
  size_t answer_bytes_max = 0;
  pplx::cancellation_token_source cancelled = {};
};

/// What is sent.
struct RestTransport::Request {
  const http::method& method;
  const std::string& path_and_query;
  std::string accept;
  const Json* body = nullptr;
};

RestTransport::RestTransport(std::unique_ptr<State> state) : state_(std::move(state)) {}
RestTransport::~RestTransport() = default;

Result<std::unique_ptr<RestTransport>> RestTransport::open(const Kubeconfig& config,
                                                           Duration timeout,
                                                           size_t answer_bytes_max) {
  prepare_process();
  try {
    boost::asio::ssl::context probe(boost::asio::ssl::context::tls_client);
    trust(probe, config);
  } catch (const std::exception&) {
    return Error{Code::Invalid, config.server +
                                    ": certificate authority, client certificate or key cannot be "
                                    "used: they must be PEM, and the key must fit"};
  }
  http::client::http_client_config options;
  options.set_timeout(timeout);
  options.set_max_redirects(0);
  options.set_validate_certificates(!config.skip_verify);
  options.set_ssl_context_callback(
      [config](boost::asio::ssl::context& context) { trust(context, config); });
  try {
    return std::unique_ptr<RestTransport>(new RestTransport(std::unique_ptr<State>(new State{
        config, http::client::http_client(web::uri(config.server), options), answer_bytes_max})));
  } catch (const std::exception&) {
    return Error{Code::Invalid, "not the URL of a server: " + config.server};
  }
}

namespace {

Result<Json> parsed(const Kubeconfig& config, const Result<std::string>& body) {
  if (!body) return Error(body.error());
  auto tree = parse_json(*body);
  if (!tree) return no_answer(config, "the answer is no JSON document");
  return tree;
}

}  // namespace

Result<Json> RestTransport::get(const std::string& path_and_query) {
  return parsed(state_->config, get_text(path_and_query, "application/json"));
}

Result<std::string> RestTransport::get_text(const std::string& path_and_query,
                                            const std::string& accept) {
  return send({http::methods::GET, path_and_query, accept});
}

Result<Json> RestTransport::post(const std::string& path_and_query, const Json& body) {
  return parsed(state_->config,
                send({http::methods::POST, path_and_query, "application/json", &body}));
}

Status RestTransport::get_pieces(const std::string& path_and_query, const Piece& take) {
  const Request request{http::methods::GET, path_and_query, "*/*"};
  CHARTER_TRY(send(request, &take));
  return {};
}

void RestTransport::cancel() {
  state_->cancelled.cancel();
}

Result<std::string> RestTransport::send(const Request& sent, const Piece* take) {
  const Kubeconfig& config = state_->config;
  try {
    http::http_request request(sent.method);
    request.set_request_uri(web::uri(sent.path_and_query));
    request.headers().add("Accept", sent.accept);
    if (sent.body) request.set_body(encode(*sent.body), "application/json");
    if (!config.token.empty()) request.headers().add("Authorization", "Bearer " + config.token);
    const http::http_response response =
        state_->client.request(request, state_->cancelled.get_token()).get();
    if (take != nullptr && response.status_code() == http::status_codes::OK) {
      CHARTER_TRY(read_pieces(response, *take));
      return std::string();
    }
    CHARTER_TRY_ASSIGN(std::string body, read_body(response, config, state_->answer_bytes_max));
    if (response.status_code() != http::status_codes::OK)
      return refused(config, response.status_code(), body);
    return body;
  } catch (const std::exception&) {
    // The library's text names no cause that helps; a wrong certificate shows as a failed read.
    return no_answer(config,
                     "no answer; is the server running, and is its certificate signed by the "
                     "authority that was given for it?");
  }
}

}  // namespace charter
