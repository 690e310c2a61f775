#include "tests/support/wire_server.h"

#include "controller/base/check.h"

namespace charter::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kYear = std::chrono::hours(24 * 365);

std::string identity_text(const HttpRequest& request) {
  if (!request.peer) return "anonymous";
  std::string out = request.peer->common_name;
  for (const std::string& organization : request.peer->organizations)
    out += "|" + organization;
  return out;
}

}  // namespace

/// Server's end of a StreamTap.
class StreamTap::Body final : public BodyStream {
 public:
  explicit Body(StreamTap& tap) : tap_(tap) {}
  ~Body() override {
    const std::lock_guard lock(tap_.mutex_);
    tap_.ready_ = nullptr;
    tap_.destroyed_ = true;
    tap_.changed_.notify_all();
  }
  State next(size_t max_bytes, std::vector<Bytes>& out) override {
    const std::lock_guard lock(tap_.mutex_);
    ++tap_.calls_;
    tap_.changed_.notify_all();
    if (tap_.flood_bytes_ > 0) {
      const size_t bytes = std::min(max_bytes, tap_.flood_bytes_);
      tap_.flood_bytes_ -= bytes;
      tap_.taken_bytes_ += bytes;
      push_text(std::string(bytes, 'f'), out);
      return State::More;
    }
    if (!tap_.pieces_.empty()) {
      push_text(std::move(tap_.pieces_.front()), out);
      tap_.pieces_.pop_front();
      return State::More;
    }
    return tap_.ended_ ? State::End : State::Idle;
  }
  void on_ready(std::function<void()> ready) override {
    const std::lock_guard lock(tap_.mutex_);
    tap_.ready_ = std::move(ready);
  }
  Duration wake_after() override {
    const std::lock_guard lock(tap_.mutex_);
    return tap_.wake_after_;
  }

 private:
  static void push_text(std::string text, std::vector<Bytes>& out) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    const std::string_view view = *owner;
    out.push_back({std::move(owner), view});
  }
  StreamTap& tap_;
};

std::unique_ptr<BodyStream> StreamTap::make_body() {
  return std::make_unique<Body>(*this);
}

void StreamTap::push(std::string text) {
  const std::lock_guard lock(mutex_);
  pieces_.push_back(std::move(text));
  if (ready_) ready_();
}

void StreamTap::flood(size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  flood_bytes_ = bytes_max;
  if (ready_) ready_();
}

void StreamTap::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (ready_) ready_();
}

bool StreamTap::wait_until_destroyed() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return destroyed_; });
}

bool StreamTap::wait_for_calls(size_t calls) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return calls_ >= calls; });
}

void StreamTap::set_wake_after(Duration wake_after) {
  const std::lock_guard lock(mutex_);
  wake_after_ = wake_after;
}

size_t StreamTap::taken_bytes() {
  const std::lock_guard lock(mutex_);
  return taken_bytes_;
}

HttpResponse plain_status(const Error& error) {
  return HttpResponse::text(http_status(error.code), "application/json",
                            std::string(reason_word(error.code)) + ": " + error.message);
}

WireServer::WireServer(HttpServerOptions options, Handler other)
    : other_(std::move(other)), big_(std::make_shared<const std::string>(8 * 1024 * 1024, 'b')) {
  const Instant now = SystemClock().now();
  ca_ = make_ca("test-ca", now, kYear).value();
  LeafRequest leaf;
  leaf.common_name = "server";
  leaf.ip_addresses = {"127.0.0.1"};
  const CertifiedKey server = issue(leaf);
  options.tls.certificate_pem = server.certificate_pem;
  options.tls.key_pem = server.key_pem;
  options.tls.client_ca_pem = ca_.certificate_pem;
  http_ = HttpServer::start(
              std::move(options),
              [this](HttpRequest request, Respond respond) {
                handle(std::move(request), std::move(respond));
              },
              plain_status, metrics_)
              .value();
}

WireServer::~WireServer() {
  release_held();
  http_.reset();
  const std::lock_guard lock(mutex_);
  for (std::thread& thread : threads_)
    thread.join();
}

CertifiedKey WireServer::issue(LeafRequest request) const {
  return issue_certificate(ca_, request, SystemClock().now(), kYear).value();
}

RawClientOptions WireServer::client() const {
  RawClientOptions out;
  out.port = http_->port();
  out.ca_pem = ca_.certificate_pem;
  return out;
}

std::unique_ptr<RawClient> WireServer::connect() const {
  auto out = RawClient::connect(client());
  CHECK_MSG(out != nullptr, "cannot connect to the server under test");
  return out;
}

std::string WireServer::metric(const std::string& series) const {
  const std::string all = "\n" + metrics_.expose();
  const size_t at = all.find("\n" + series + " ");
  if (at == std::string::npos) return "";
  const size_t start = at + series.size() + 2;
  return all.substr(start, all.find('\n', start) - start);
}

StreamTap& WireServer::tap(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& tap = taps_[name];
  if (!tap) tap = std::make_unique<StreamTap>();
  return *tap;
}

bool WireServer::wait_for_held(size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return held_.size() >= count; });
}

void WireServer::release_held() {
  std::deque<Respond> held;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
  }
  for (const Respond& respond : held)
    respond(HttpResponse::text(200, "text/plain", "held"));
}

void WireServer::handle(HttpRequest request, Respond respond) {
  const std::string& path = request.path;
  if (path == "/echo") return respond(HttpResponse::text(200, "text/plain", request.body));
  if (path == "/identity")
    return respond(HttpResponse::text(200, "text/plain", identity_text(request)));
  if (path == "/drop") return;
  if (path == "/hold") {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(respond));
    changed_.notify_all();
    return;
  }
  if (path == "/async") {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([respond, query = request.query] {
      respond(HttpResponse::text(200, "text/plain", "async " + query));
    });
    return;
  }
  if (path.starts_with("/stream/")) {
    HttpResponse response;
    response.stream = tap(path.substr(8)).make_body();
    return respond(std::move(response));
  }
  if (path == "/big") {
    HttpResponse response;
    constexpr size_t kPiece = 3'001;  // never a multiple of a record
    for (size_t at = 0; at < big_->size(); at += kPiece) {
      response.body.push_back({big_, std::string_view(*big_).substr(at, kPiece)});
    }
    return respond(std::move(response));
  }
  if (other_) return other_(std::move(request), std::move(respond));
  respond(HttpResponse::text(200, "text/plain", request.method + " " + path + "?" + request.query));
}

}  // namespace charter::testing
