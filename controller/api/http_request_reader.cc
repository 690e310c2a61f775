#include "controller/api/http_request_reader.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

namespace charter {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string to_lower(beast::string_view text) {
  std::string out(text.data(), text.size());
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return to_lower(beast::string_view(text.data(), text.size())) == lower;
}

size_t count_headers(const HttpRequest& request, std::string_view name) {
  return static_cast<size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& header) { return header.first == name; }));
}

/// A chunk header or trailer that is still incomplete after this many bytes is an attack.
constexpr size_t kChunkLineBytesMax = 8 * 1024;

}  // namespace

/// Beast's request parser. Keeps the name of its headers out of ours.
class RequestReader::Parser final : public http::request_parser<http::string_body> {
 public:
  Parser() {
    header_limit(limits::kHeaderBytesMax);
    body_limit(limits::kBodyBytesMax);
    eager(true);
  }
};

RequestReader::RequestReader() = default;
RequestReader::~RequestReader() = default;

void RequestReader::fail(Code code, std::string message) {
  phase_ = Phase::Failed;
  error_ = Error{code, std::move(message)};
}

size_t RequestReader::feed(std::string_view bytes) {
  switch (phase_) {
    case Phase::Head:
      return feed_head(bytes);
    case Phase::Body:
      return feed_body(bytes);
    case Phase::Complete:
    case Phase::Failed:
      return 0;
  }
  return 0;
}

size_t RequestReader::feed_head(std::string_view bytes) {
  const HeadScan::Outcome outcome = scan_.scan(bytes);
  if (outcome == HeadScan::Outcome::More) return 0;
  if (outcome == HeadScan::Outcome::Bad || outcome == HeadScan::Outcome::TooLarge) {
    const bool large = outcome == HeadScan::Outcome::TooLarge;
    fail(large ? Code::RequestHeaderFieldsTooLarge : Code::BadRequest, scan_.problem());
    return 0;
  }
  // The parser sees the head in one piece and nothing of the body yet: limits are checked in
  // between.
  parser_ = std::make_unique<Parser>();
  beast::error_code error;
  const size_t size = scan_.end() - scan_.begin();
  parser_->put(boost::asio::const_buffer(bytes.data() + scan_.begin(), size), error);
  if (error == http::error::body_limit) {
    fail(Code::RequestEntityTooLarge,
         "Request entity too large: limit is " + std::to_string(limits::kBodyBytesMax));
  } else if (error || !parser_->is_header_done()) {
    fail(Code::BadRequest, "the request head is malformed");
  } else {
    check_head();
  }
  return scan_.end();
}

void RequestReader::check_framing() {
  const size_t lengths = count_headers(request_, "content-length");
  const size_t codings = count_headers(request_, "transfer-encoding");
  if (lengths > 1) return fail(Code::BadRequest, "the request has more than one Content-Length");
  if (codings > 1 || (codings == 1 && lengths == 1)) {
    return fail(Code::BadRequest,
                "the request has conflicting Content-Length and Transfer-Encoding");
  }
  // Beast takes "3, 3" for 3, as the RFC allows; others refuse it or read the first.
  const std::string_view length = request_.header("content-length");
  if (length.find_first_not_of("0123456789") != std::string_view::npos) {
    return fail(Code::BadRequest, "the request has a malformed Content-Length");
  }
  if (codings == 0) return;
  // Beast treats a coding it does not know as "no body"; the body would then be read as the next
  // request.
  if (http10_ || !equals_ignoring_case(request_.header("transfer-encoding"), "chunked")) {
    fail(Code::BadRequest, "the transfer coding is not supported: only chunked is");
  }
}

// Copied before the body is read: trailers, which the parser adds to the headers, are not among
// them.
void RequestReader::copy_head() {
  const auto& head = parser_->get();
  const beast::string_view target = head.target();
  const size_t mark = std::min(target.find('?'), target.size());
  request_.method = std::string(head.method_string());
  request_.path.assign(target.data(), mark);
  if (mark < target.size()) request_.query = std::string(target.substr(mark + 1));
  for (const auto& field : head) {
    request_.headers.emplace_back(to_lower(field.name_string()), std::string(field.value()));
  }
  http10_ = head.version() == 10;
}

void RequestReader::check_head() {
  copy_head();
  keep_alive_ = parser_->keep_alive();
  check_framing();
  if (phase_ == Phase::Failed) return;
  // Whoever stands between may have read the other one.
  for (const std::string_view name :
       {"content-type", "content-encoding", "authorization", "expect"}) {
    if (count_headers(request_, name) <= 1) continue;
    return fail(Code::BadRequest, "the request has more than one " + std::string(name));
  }
  const size_t hosts = count_headers(request_, "host");
  if (hosts > 1 || (hosts == 0 && !http10_)) {
    return fail(Code::BadRequest, "the request needs exactly one Host header");
  }
  const std::string_view encoding = request_.header("content-encoding");
  if (!encoding.empty() && !equals_ignoring_case(encoding, "identity")) {
    return fail(Code::UnsupportedMediaType,
                "the content encoding of the request body is not supported");
  }
  const std::string_view expect = request_.header("expect");
  if (!expect.empty() && !equals_ignoring_case(expect, "100-continue")) {
    return fail(Code::BadRequest, "the expectation is not supported: only 100-continue is");
  }
  expects_continue_ = !expect.empty() && !http10_ && !parser_->is_done();
  declared_bytes_ = static_cast<size_t>(parser_->content_length().value_or(0));
  phase_ = parser_->is_done() ? Phase::Complete : Phase::Body;
}

size_t RequestReader::feed_body(std::string_view bytes) {
  if (bytes.empty()) return 0;
  beast::error_code error;
  const size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::body_limit) {
    fail(Code::RequestEntityTooLarge,
         "Request entity too large: limit is " + std::to_string(limits::kBodyBytesMax));
  } else if (error && error != http::error::need_more) {
    fail(Code::BadRequest, "the request body is malformed");
  } else if (parser_->is_done()) {
    phase_ = Phase::Complete;
  } else if (bytes.size() - used > kChunkLineBytesMax) {
    fail(Code::BadRequest, "a chunk header or trailer of the request body is too long");
  }
  return used;
}

size_t RequestReader::body_bytes() const {
  return parser_ ? parser_->get().body().size() : 0;
}

HttpRequest RequestReader::take() {
  CHECK(phase_ == Phase::Complete);
  HttpRequest out = std::move(request_);
  out.body = std::move(parser_->get().body());
  request_ = {};
  parser_.reset();
  scan_ = {};
  phase_ = Phase::Head;
  declared_bytes_ = 0;
  expects_continue_ = false;
  return out;
}

}  // namespace charter
