#include "controller/api/http_server_context.h"

#include "controller/base/fair_queue.h"

#include <algorithm>
#include <utility>

namespace charter {

Error overloaded() {
  return Error{.code = Code::TooManyRequests,
               .message = "Too many requests, please try again later.",
               .retry_after_s = 1};
}

Lease::Lease(Lease&& other) noexcept
    : context_(std::move(other.context_)),
      flow_(std::move(other.flow_)),
      bytes_(std::exchange(other.bytes_, 0)),
      admitted_(std::exchange(other.admitted_, false)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  context_ = std::move(other.context_);
  flow_ = std::move(other.flow_);
  bytes_ = std::exchange(other.bytes_, 0);
  admitted_ = std::exchange(other.admitted_, false);
  return *this;
}

void Lease::take_bytes(size_t bytes) {
  context_->bytes_in_flight_.fetch_add(bytes - bytes_);  // modulo 2^64: less is fine too
  flow_->bytes.fetch_add(bytes - bytes_);
  bytes_ = bytes;
}

// Two threads that ask at once may both get the last share: the bound is then exceeded by one
// request, which is cheaper than a lock.
bool Lease::grow(size_t bytes) {
  if (!context_ || bytes <= bytes_) return true;
  const size_t more = bytes - bytes_;
  const bool fits = fits_share(flow_->bytes, more, context_->bytes_in_flight_,
                               context_->options_.bytes_in_flight_max);
  take_bytes(bytes);  // taken even when refused, so that release() stays exact
  return fits;
}

bool Lease::has_room_for(size_t bytes) const {
  if (!context_) return true;
  bytes = std::min(bytes, limits::kAnswerHeldMax);
  const size_t others = flow_->bytes - bytes_;
  if (others == 0 || others + bytes <= limits::kFlowBytesFree) return true;
  return fits_share(others, bytes, context_->bytes_in_flight_ - bytes_,
                    context_->options_.bytes_in_flight_max);
}

bool Lease::admit() {
  if (!context_ || admitted_) return true;
  if (!has_room_for(bytes_)) return false;
  if (!fits_share(flow_->requests, 1, context_->requests_in_flight_,
                  context_->options_.requests_in_flight_max))
    return false;
  context_->requests_in_flight_.fetch_add(1);
  flow_->requests.fetch_add(1);
  return admitted_ = true;
}

void Lease::hold_answer(size_t bytes) {
  if (context_) take_bytes(std::min(bytes, limits::kAnswerHeldMax));
}

void Lease::release() {
  if (!context_) return;
  take_bytes(0);
  if (!std::exchange(admitted_, false)) return;
  context_->requests_in_flight_.fetch_sub(1);
  flow_->requests.fetch_sub(1);
}

FlowPtr ServerContext::flow_of(const HttpRequest& head) {
  const std::string name = options_.flow_of ? options_.flow_of(head) : std::string();
  return name.empty() ? nullptr : flows_.find(name);
}

ServerContext::ServerContext(HttpServerOptions options, Handler handler, ErrorBody error_body,
                             Metrics& metrics)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      error_body_(std::move(error_body)),
      connections_gauge_(metrics.gauge("charter_http_connections", "Open connections.")),
      streams_gauge_(metrics.gauge("charter_http_streams", "Open streamed responses (watches).")),
      received_bytes_(
          metrics.counter("charter_http_received_bytes_total", "Bytes of requests, without TLS.")),
      sent_bytes_(
          metrics.counter("charter_http_sent_bytes_total", "Bytes of answers, without TLS.")),
      refused_connections_(metrics.counter("charter_http_refused_connections_total",
                                           "Connections closed at once: at the cap or out of "
                                           "file descriptors.")),
      refused_requests_(flow_control_rejections(metrics, "concurrency-limit")) {
  constexpr const char* kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < std::size(kClasses); ++i) {
    answers_[i] = &metrics.counter("charter_http_requests_total",
                                   "Answered requests by status class.", {{"code", kClasses[i]}});
  }
}

HttpResponse ServerContext::error_response(const Error& error) const {
  HttpResponse response = error_body_(error);
  const bool has_retry =
      std::any_of(response.headers.begin(), response.headers.end(),
                  [](const auto& header) { return header.first == "Retry-After"; });
  if (error.retry_after_s > 0 && !has_retry) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  }
  return response;
}

bool ServerContext::open_connection() {
  const std::lock_guard lock(gauges_mutex_);
  if (connections_ >= options_.connections_max) return false;
  connections_gauge_.set(static_cast<double>(++connections_));
  return true;
}

void ServerContext::close_connection() {
  const std::lock_guard lock(gauges_mutex_);
  connections_gauge_.set(static_cast<double>(--connections_));
}

bool ServerContext::open_stream(Flow& flow) {
  const std::lock_guard lock(gauges_mutex_);
  if (!fits_share(flow.streams, 1, streams_, limits::kWatchersMax)) return false;
  ++flow.streams;
  streams_gauge_.set(static_cast<double>(++streams_));
  return true;
}

void ServerContext::close_stream(Flow& flow) {
  const std::lock_guard lock(gauges_mutex_);
  --flow.streams;
  streams_gauge_.set(static_cast<double>(--streams_));
}

void ServerContext::count_answer(int status) {
  const int index = std::clamp(status / 100, 1, 5) - 1;
  answers_[index]->increment();
}

void ServerContext::count_bytes(size_t received, size_t sent) {
  if (received > 0) received_bytes_.add(static_cast<double>(received));
  if (sent > 0) sent_bytes_.add(static_cast<double>(sent));
}

}  // namespace charter
