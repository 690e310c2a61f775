#include "controller/api/http_server.h"

#include "controller/api/listener.h"
#include "controller/api/tls.h"
#include "controller/base/check.h"
#include "controller/base/log.h"

#include <mutex>
#include <thread>
#include <vector>

namespace charter {

/// The running parts of a server: one listener, one thread for each loop.
struct HttpServer::State {
  std::shared_ptr<ServerContext> context;
  std::vector<std::shared_ptr<WireLoop>> loops;
  std::shared_ptr<Listener> listener;
  std::vector<std::thread> threads;
  uint16_t port = 0;
  std::mutex stop_mutex;  // a second stop() waits for the first
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, Handler handler,
                                                      ErrorBody error_body, Metrics& metrics) {
  CHECK(handler && error_body && options.wire_threads > 0);
  CHARTER_TRY_ASSIGN(auto tls, TlsContext::make(options.tls.certificate_pem, options.tls.key_pem,
                                                options.tls.client_ca_pem));
  auto state = std::make_unique<State>();
  const int threads = options.wire_threads;
  state->context = std::make_shared<ServerContext>(std::move(options), std::move(handler),
                                                   std::move(error_body), metrics);
  state->context->set_tls(std::move(tls));
  for (int i = 0; i < threads; ++i) {
    state->loops.push_back(std::make_shared<WireLoop>(state->context));
  }
  CHARTER_TRY_ASSIGN(state->listener, Listener::open(state->context, state->loops));
  state->port = state->listener->port();
  state->listener->start();
  for (const auto& loop : state->loops) {
    state->threads.emplace_back([loop] { loop->run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  stop(Duration::zero());
}

uint16_t HttpServer::port() const {
  return state_->port;
}

Status HttpServer::reload(const TlsMaterial& material) {
  CHARTER_TRY_ASSIGN(auto tls, TlsContext::make(material.certificate_pem, material.key_pem,
                                                material.client_ca_pem));
  state_->context->set_tls(std::move(tls));
  return {};
}

void HttpServer::stop(Duration deadline) {
  const std::lock_guard lock(state_->stop_mutex);
  if (state_->threads.empty()) return;
  const SystemClock clock;
  const Duration end = clock.monotonic() + deadline;
  state_->listener->close();
  for (const auto& loop : state_->loops)
    loop->drain();
  for (const auto& loop : state_->loops) {
    if (loop->wait_until_drained(end - clock.monotonic())) continue;
    if (deadline > Duration::zero())
      log_warn("http", "connections were still open at the stop deadline");
    break;
  }
  for (const auto& loop : state_->loops)
    loop->finish();
  for (std::thread& thread : state_->threads)
    thread.join();
  state_->threads.clear();
  state_->listener.reset();
  // Late answers find no loop any more and are dropped.
  state_->loops.clear();
}

}  // namespace charter
