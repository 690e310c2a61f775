#include "controller/runtime/rest_stream.h"

#include "controller/runtime/limits.h"

#include <boost/asio/ssl.hpp>
#include <cpprest/http_client.h>
#include <pplx/pplxtasks.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace charter {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

/// Cuts pieces into lines and keeps them until they are taken. Shared with the reads in progress.
class Lines {
 public:
  /// False when nobody wants more.
  bool feed(const char* bytes, size_t size) {
    const std::unique_lock lock(mutex_);
    if (closed_ || failure_) return false;
    for (size_t from = 0; from < size;) {
      const char* end = std::find(bytes + from, bytes + size, '\n');
      partial_.append(bytes + from, end);
      from = static_cast<size_t>(end - bytes);
      if (end == bytes + size) break;
      ++from;
      if (!partial_.empty()) keep(std::exchange(partial_, {}));
    }
    if (partial_.size() > limits::kWatchLineBytesMax) fail("a line is too long");
    if (held_ > limits::kWatchBacklogBytesMax) fail("it is not read fast enough");
    return !failure_;
  }

  void end(Code code, const char* why) {
    const std::unique_lock lock(mutex_);
    if (!failure_) failure_ = Error{code, why};
  }

  Result<std::vector<std::string>> take(size_t max) {
    const std::unique_lock lock(mutex_);
    std::vector<std::string> taken;
    for (; !lines_.empty() && taken.size() < max; lines_.pop_front()) {
      held_ -= lines_.front().size();
      taken.push_back(std::move(lines_.front()));
    }
    if (taken.empty() && failure_) return *failure_;
    return taken;
  }

  void on_ready(std::function<void()> ready) {
    const std::unique_lock lock(mutex_);
    ready_ = std::move(ready);
  }

  void tell() {
    const std::unique_lock lock(mutex_);
    if (ready_ && !closed_) ready_();
  }

  void close() {
    const std::unique_lock lock(mutex_);
    closed_ = true;
  }

 private:
  void keep(std::string line) {
    held_ += line.size();
    lines_.push_back(std::move(line));
  }
  void fail(const char* why) { failure_ = Error{Code::ServiceUnavailable, why}; }

  std::mutex mutex_;
  std::deque<std::string> lines_;
  size_t held_ = 0;
  std::string partial_;
  std::optional<Error> failure_;
  std::function<void()> ready_;
  bool closed_ = false;
};

/// One answer being read: each read starts the next, on the client library's threads.
struct Reading : std::enable_shared_from_this<Reading> {
  Reading(const web::http::http_response& from, std::shared_ptr<Lines> into)
      : response(from), source(from.body().streambuf()), lines(std::move(into)) {}

  // Waits for one byte and then takes what there is: a read of more would wait until it is full.
  void go_on() {
    source.getc().then([self = shared_from_this()](const pplx::task<int>& first) {
      try {
        if (first.get() == concurrency::streams::char_traits<uint8_t>::eof())
          return self->finish(Code::Timeout, "the server ended the answer");
        self->take_available();
      } catch (const std::exception&) {
        self->finish(Code::ServiceUnavailable, "the connection broke or was silent for too long");
      }
    });
  }

  void take_available() {
    const size_t there = std::clamp<size_t>(source.in_avail(), 1, kPieceBytes);
    source.getn(piece.data(), there)
        .then([self = shared_from_this()](const pplx::task<size_t>& got) {
          try {
            const size_t size = got.get();
            if (size == 0) return self->finish(Code::Timeout, "the server ended the answer");
            const bool wanted =
                self->lines->feed(reinterpret_cast<const char*>(self->piece.data()), size);
            self->lines->tell();
            if (wanted) self->go_on();
          } catch (const std::exception&) {
            self->finish(Code::ServiceUnavailable,
                         "the connection broke or was silent for too long");
          }
        });
  }

  void finish(Code code, const char* why) {
    lines->end(code, why);
    lines->tell();
  }

  web::http::http_response response;  // keeps the connection
  concurrency::streams::streambuf<uint8_t> source;
  std::shared_ptr<Lines> lines;
  std::vector<uint8_t> piece = std::vector<uint8_t>(kPieceBytes);
};

/// See RestStream.
class LineStream final : public RestStream {
 public:
  LineStream(const web::http::http_response& response, std::function<void()> hang_up)
      : hang_up_(std::move(hang_up)) {
    std::make_shared<Reading>(response, lines_)->go_on();
  }
  ~LineStream() override {
    lines_->close();
    hang_up_();
  }
  Result<std::vector<std::string>> take(size_t max) override { return lines_->take(max); }
  void on_ready(std::function<void()> ready) override { lines_->on_ready(std::move(ready)); }

 private:
  const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  const std::function<void()> hang_up_;
};

}  // namespace

std::unique_ptr<RestStream> make_rest_stream(const web::http::http_response& response,
                                             std::function<void()> hang_up) {
  return std::make_unique<LineStream>(response, std::move(hang_up));
}

}  // namespace charter
