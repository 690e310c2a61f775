#include "controller/api/http_server_context.h"

#include <algorithm>
#include <utility>

namespace charter {

Lease::Lease(Lease&& other) noexcept
    : context_(std::move(other.context_)),
      bytes_(std::exchange(other.bytes_, 0)),
      admitted_(std::exchange(other.admitted_, false)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  context_ = std::move(other.context_);
  bytes_ = std::exchange(other.bytes_, 0);
  admitted_ = std::exchange(other.admitted_, false);
  return *this;
}

bool Lease::grow(size_t bytes) {
  if (!context_ || bytes <= bytes_) return true;
  const size_t more = bytes - bytes_;
  bytes_ = bytes;  // taken even when refused, so that release() stays exact
  return context_->bytes_in_flight_.fetch_add(more) + more <=
         context_->options_.bytes_in_flight_max;
}

bool Lease::admit() {
  if (!context_ || admitted_) return true;
  if (context_->requests_in_flight_.fetch_add(1) >= context_->options_.requests_in_flight_max) {
    context_->requests_in_flight_.fetch_sub(1);
    return false;
  }
  admitted_ = true;
  return true;
}

void Lease::release() {
  if (!context_) return;
  if (bytes_ > 0) context_->bytes_in_flight_.fetch_sub(std::exchange(bytes_, 0));
  if (std::exchange(admitted_, false)) context_->requests_in_flight_.fetch_sub(1);
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
                                           "file descriptors.")) {
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

void ServerContext::open_stream() {
  const std::lock_guard lock(gauges_mutex_);
  streams_gauge_.set(static_cast<double>(++streams_));
}

void ServerContext::close_stream() {
  const std::lock_guard lock(gauges_mutex_);
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
