#pragma once

#include "controller/api/http_head_scan.h"
#include "controller/api/http_types.h"
#include "controller/base/result.h"

#include <memory>
#include <optional>
#include <string_view>

namespace charter {

/// Turns bytes into one HttpRequest at a time: HeadScan, then Beast's parser fed by hand with the
/// complete head, then the body. Trailers are read and dropped, so that they can never pose as
/// headers. Knows no sockets. Used by one thread.
class RequestReader {
 public:
  /// Head: not complete. Body: head done, body outstanding. Complete: take() may be called. Failed:
  /// see error(); what follows on this connection cannot be understood.
  enum class Phase { Head, Body, Complete, Failed };

  RequestReader();
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Reads from `bytes` and returns how many were used; the rest must come again, with more behind
  /// it. Stops at the end of the head and at the end of the request.
  size_t feed(std::string_view bytes);

  Phase phase() const { return phase_; }
  const Error& error() const { return error_; }
  /// True from the first byte of a request on.
  bool started() const { return scan_.started() || phase_ != Phase::Head; }
  /// After the head: Content-Length, 0 when there is none.
  size_t declared_bytes() const { return declared_bytes_; }
  /// Body bytes decoded so far.
  size_t body_bytes() const;
  /// After the head: the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  /// After the head: "Connection" and the version allow another request.
  bool keep_alive() const { return keep_alive_; }
  bool is_http10() const { return http10_; }

  /// After the head: what is known of the request without its body.
  const HttpRequest& head() const { return request_; }
  /// The complete request; the reader is ready for the next one.
  HttpRequest take();

 private:
  class Parser;
  size_t feed_head(std::string_view bytes);
  size_t feed_body(std::string_view bytes);
  void fail(Code code, std::string message);
  void copy_head();
  /// Rules about header combinations that the parser does not have.
  void check_head();
  void check_framing();

  HeadScan scan_;
  Phase phase_ = Phase::Head;
  HttpRequest request_;
  std::unique_ptr<Parser> parser_;
  Error error_;
  size_t declared_bytes_ = 0;
  bool expects_continue_ = false;
  bool keep_alive_ = true;
  bool http10_ = false;
};

}  // namespace charter
