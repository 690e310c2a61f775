#include "controller/runtime/rest_transport.h"

#include "controller/base/limits.h"
#include "controller/runtime/rest_stream.h"
#include "controller/runtime/signal.h"
#include "controller/runtime/token_source.h"

#include <boost/asio/ssl.hpp>
#include <cpprest/http_client.h>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <charconv>
#include <map>
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

bool is_usable(const Kubeconfig& config) {
  try {
    boost::asio::ssl::context probe(boost::asio::ssl::context::tls_client);
    trust(probe, config);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

Error no_answer(const Kubeconfig& config, const std::string& what) {
  return Error{Code::ServiceUnavailable, config.server + ": " + what};
}

std::vector<Cause> causes_in(const Json& status) {
  std::vector<Cause> causes;
  const Json* list = at(status, {"details", "causes"});
  if (list == nullptr || !list->is_array()) return causes;
  for (const Json& cause : *list) {
    if (causes.size() == limits::kCausesMax) break;
    causes.push_back(
        {text_at(cause, {"reason"}), text_at(cause, {"message"}), text_at(cause, {"field"})});
  }
  return causes;
}

// Seconds; the header's other form, a date, is not used by API servers.
int retry_after_of(const http::http_response& response) {
  const auto found = response.headers().find("Retry-After");
  int seconds = 0;
  if (found == response.headers().end()) return 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), seconds);
  return std::max(seconds, 0);
}

Error refused(const Kubeconfig& config, const http::http_response& response,
              const std::string& body) {
  const int status = response.status_code();
  const auto tree = parse_json(body);
  const bool is_status = tree && text_at(*tree, {"kind"}) == "Status";
  const std::string message = is_status ? text_at(*tree, {"message"}) : std::string();
  Error error{
      code_of_answer(is_status ? text_at(*tree, {"reason"}) : std::string(), status),
      config.server + ": " +
          (message.empty() ? "answered with HTTP status " + std::to_string(status) : message)};
  if (is_status) error.causes = causes_in(*tree);
  error.retry_after_s = retry_after_of(response);
  if (error.retry_after_s == 0 && is_status) {
    error.retry_after_s =
        static_cast<int>(int_at(*tree, {"details", "retryAfterSeconds"}).value_or(0));
  }
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

const http::method& method_of(RestMethod method) {
  switch (method) {
    case RestMethod::Post:
      return http::methods::POST;
    case RestMethod::Put:
      return http::methods::PUT;
    case RestMethod::Patch:
      return http::methods::PATCH;
    case RestMethod::Delete:
      return http::methods::DEL;
    case RestMethod::Get:
      break;
  }
  return http::methods::GET;
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

const Clock& machine_clock() {
  static const SystemClock clock;
  return clock;
}

http::client::http_client_config client_options(const Kubeconfig& config, Duration timeout) {
  http::client::http_client_config options;
  options.set_timeout(timeout);
  options.set_max_redirects(0);
  options.set_validate_certificates(!config.skip_verify);
  options.set_ssl_context_callback(
      [config](boost::asio::ssl::context& context) { trust(context, config); });
  if (!config.proxy_url.empty()) options.set_proxy(web::web_proxy(web::uri(config.proxy_url)));
  return options;
}

}  // namespace

/// The client library's connection pools and what they were opened for.
struct RestTransport::State {
  using HttpClient = http::client::http_client;
  State(const Kubeconfig& from, RestOptions chosen)
      : config(from),
        options(std::move(chosen)),
        tokens(from, machine_clock()),
        identity(from),
        client(std::make_shared<HttpClient>(web::uri(from.server),
                                            client_options(from, options.timeout))) {}

  /// The pool for requests as `credential`.
  Result<std::shared_ptr<HttpClient>> requesting(const Credential& credential) {
    const std::lock_guard lock(mutex);
    CHARTER_TRY(take_on(credential));
    return client;
  }
  /// A pool of its own for each length of silence: there are one or two.
  Result<std::shared_ptr<HttpClient>> streaming(const Credential& credential, Duration silence) {
    const std::lock_guard lock(mutex);
    CHARTER_TRY(take_on(credential));
    auto& found = streams[silence];
    if (!found) {
      found =
          std::make_shared<HttpClient>(web::uri(config.server), client_options(identity, silence));
    }
    return found;
  }
  void tell(const http::method& method, int status, Duration began) const {
    if (options.seen) options.seen(method, status, machine_clock().monotonic() - began);
  }

  const Kubeconfig config;
  const RestOptions options;
  TokenSource tokens;
  pplx::cancellation_token_source cancelled = {};

 private:
  // A connection has the certificate that it was opened with: another one needs other connections.
  // Requests that are on their way keep theirs.
  Status take_on(const Credential& credential) {
    if (credential.certificate_pem == identity.certificate_pem &&
        credential.key_pem == identity.key_pem)
      return {};
    Kubeconfig next = identity;
    next.certificate_pem = credential.certificate_pem;
    next.key_pem = credential.key_pem;
    if (!is_usable(next))
      return Error{Code::Unauthorized, "credential plugin " + config.exec.command +
                                           ": its certificate and key cannot be used: they must "
                                           "be PEM, and the key must fit"};
    client = std::make_shared<HttpClient>(web::uri(config.server),
                                          client_options(next, options.timeout));
    streams.clear();
    identity = std::move(next);
    return {};
  }

  std::mutex mutex;
  Kubeconfig identity;  // config with the certificate of now
  std::shared_ptr<HttpClient> client;
  std::map<Duration, std::shared_ptr<HttpClient>> streams;
};

/// What is sent.
struct RestTransport::Request {
  const http::method& method;
  const std::string& path_and_query;
  std::string accept;
  const Json* body = nullptr;
  std::string content_type = {};
};

RestTransport::RestTransport(std::unique_ptr<State> state) : state_(std::move(state)) {}
RestTransport::~RestTransport() = default;

const std::string& RestTransport::server() const {
  return state_->config.server;
}

Result<std::unique_ptr<RestTransport>> RestTransport::open(const Kubeconfig& config,
                                                           Duration timeout,
                                                           size_t answer_bytes_max) {
  return open(config, RestOptions{timeout, answer_bytes_max});
}

Result<std::unique_ptr<RestTransport>> RestTransport::open(const Kubeconfig& config,
                                                           RestOptions options) {
  prepare_process();
  if (!is_usable(config)) {
    return Error{Code::Invalid, config.server +
                                    ": certificate authority, client certificate or key cannot be "
                                    "used: they must be PEM, and the key must fit"};
  }
  try {
    return std::unique_ptr<RestTransport>(
        new RestTransport(std::make_unique<State>(config, std::move(options))));
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
  return parsed(state_->config, send({http::methods::GET, path_and_query, "application/json"}));
}

Result<Json> RestTransport::post(const std::string& path_and_query, const Json& body) {
  return call({RestMethod::Post, path_and_query, &body});
}

Result<Json> RestTransport::call(const RestCall& call) {
  return parsed(state_->config, send({method_of(call.method), call.path_and_query,
                                      "application/json", call.body, call.content_type}));
}

Status RestTransport::get_pieces(const std::string& path_and_query, const Piece& take,
                                 const std::string& accept) {
  const Request request{http::methods::GET, path_and_query, accept};
  CHARTER_TRY(send(request, &take));
  return {};
}

void RestTransport::cancel() {
  state_->cancelled.cancel();
}

Result<std::string> RestTransport::send(const Request& sent, const Piece* take) {
  CHARTER_TRY_ASSIGN(const Credential used, state_->tokens.credential());
  auto answer = send_once(sent, used, take);
  if (answer || answer.error().code != Code::Unauthorized) return answer;
  state_->tokens.refused(used);
  CHARTER_TRY_ASSIGN(const Credential fresh, state_->tokens.credential());
  return fresh == used ? std::move(answer) : send_once(sent, fresh, take);
}

namespace {

http::http_request make_request(const http::method& method, const std::string& path_and_query,
                                const std::string& token, const std::string& agent) {
  http::http_request request(method);
  request.set_request_uri(web::uri(path_and_query));
  if (!token.empty()) request.headers().add("Authorization", "Bearer " + token);
  if (!agent.empty()) request.headers().add("User-Agent", agent);
  return request;
}

// A stream's own time limit is for its silence; its head has to come as soon as any answer's.
bool is_done_within(const pplx::task<http::http_response>& asked, Duration limit) {
  const auto done = std::make_shared<Signal>();
  asked.then([done](const pplx::task<http::http_response>& answered) {
    try {
      (void)answered.get();
    } catch (const std::exception&) {
      // whoever asked gets it, too
    }
    done->finish();
  });
  return done->wait_finished(limit);
}

// The library's text names no cause that helps; a wrong certificate shows as a failed read.
Error nobody(const Kubeconfig& config) {
  return no_answer(config,
                   "no answer; is the server running, and is its certificate signed by the "
                   "authority that was given for it?");
}

}  // namespace

Result<std::string> RestTransport::send_once(const Request& sent, const Credential& credential,
                                             const Piece* take) {
  const Kubeconfig& config = state_->config;
  CHARTER_TRY_ASSIGN(const auto client, state_->requesting(credential));
  const Duration began = machine_clock().monotonic();
  int status = 0;
  const auto outcome = [&]() -> Result<std::string> {
    try {
      http::http_request request = make_request(sent.method, sent.path_and_query, credential.token,
                                                state_->options.user_agent);
      request.headers().add("Accept", sent.accept);
      if (sent.body) request.set_body(encode(*sent.body), sent.content_type);
      const http::http_response response =
          client->request(request, state_->cancelled.get_token()).get();
      status = response.status_code();
      if (take != nullptr && status == http::status_codes::OK) {
        CHARTER_TRY(read_pieces(response, *take));
        return std::string();
      }
      CHARTER_TRY_ASSIGN(std::string body,
                         read_body(response, config, state_->options.answer_bytes_max));
      if (!is_success(status)) return refused(config, response, body);
      return body;
    } catch (const std::exception&) {
      return nobody(config);
    }
  }();
  state_->tell(sent.method, status, began);
  return outcome;
}

Result<std::unique_ptr<RestStream>> RestTransport::stream(const std::string& path_and_query,
                                                          Duration silence) {
  CHARTER_TRY_ASSIGN(const Credential used, state_->tokens.credential());
  auto opened = stream_once(path_and_query, silence, used);
  if (!opened && opened.error().code == Code::Unauthorized) state_->tokens.refused(used);
  return opened;
}

Result<std::unique_ptr<RestStream>> RestTransport::stream_once(const std::string& path_and_query,
                                                               Duration silence,
                                                               const Credential& credential) {
  const Kubeconfig& config = state_->config;
  CHARTER_TRY_ASSIGN(const auto client, state_->streaming(credential, silence));
  const Duration began = machine_clock().monotonic();
  int status = 0;
  auto outcome = [&]() -> Result<std::unique_ptr<RestStream>> {
    try {
      http::http_request request = make_request(http::methods::GET, path_and_query,
                                                credential.token, state_->options.user_agent);
      request.headers().add("Accept", "application/json");
      pplx::cancellation_token whole = state_->cancelled.get_token();
      auto own = pplx::cancellation_token_source::create_linked_source(whole);
      const auto asked = client->request(request, own.get_token());
      if (!is_done_within(asked, state_->options.timeout)) own.cancel();
      const http::http_response response = asked.get();
      status = response.status_code();
      if (is_success(status)) return make_rest_stream(response, [own] { own.cancel(); });
      CHARTER_TRY_ASSIGN(const std::string body,
                         read_body(response, config, state_->options.answer_bytes_max));
      return refused(config, response, body);
    } catch (const std::exception&) {
      return nobody(config);
    }
  }();
  state_->tell(http::methods::GET, status, began);
  return outcome;
}

}  // namespace charter
