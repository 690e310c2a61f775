#include "controller/base/result.h"

#include "controller/base/check.h"

namespace charter {
namespace {

/// One row of the only table that knows what a Code means outside.
struct CodeRow {
  Code code;
  int http;
  const char* word;
  bool retryable;
};

constexpr CodeRow kCodes[] = {
    {Code::BadRequest, 400, "BadRequest", false},
    {Code::Unauthorized, 401, "Unauthorized", false},
    {Code::Forbidden, 403, "Forbidden", false},
    {Code::NotFound, 404, "NotFound", false},
    {Code::AlreadyExists, 409, "AlreadyExists", false},
    {Code::Conflict, 409, "Conflict", true},
    {Code::Gone, 410, "Gone", false},
    {Code::Expired, 410, "Expired", true},
    {Code::Invalid, 422, "Invalid", false},
    {Code::Timeout, 504, "Timeout", true},
    {Code::ServerTimeout, 500, "ServerTimeout", true},
    {Code::TooManyRequests, 429, "TooManyRequests", true},
    {Code::RequestEntityTooLarge, 413, "RequestEntityTooLarge", false},
    {Code::RequestHeaderFieldsTooLarge, 431, "RequestHeaderFieldsTooLarge", false},
    {Code::UnsupportedMediaType, 415, "UnsupportedMediaType", false},
    {Code::NotAcceptable, 406, "NotAcceptable", false},
    {Code::MethodNotAllowed, 405, "MethodNotAllowed", false},
    {Code::InternalError, 500, "InternalError", true},
    {Code::ServiceUnavailable, 503, "ServiceUnavailable", true},
    {Code::InsufficientStorage, 507, "InsufficientStorage", true},
};

const CodeRow& row(Code code) {
  for (const CodeRow& candidate : kCodes) {
    if (candidate.code == code) return candidate;
  }
  check_failed("code is known", __FILE__, __LINE__);
}

}  // namespace

int http_status(Code code) { return row(code).http; }
const char* reason_word(Code code) { return row(code).word; }

Code code_of_answer(std::string_view reason, int http_status) {
  for (const CodeRow& candidate : kCodes) {
    if (candidate.word == reason) return candidate.code;
  }
  for (const CodeRow& candidate : kCodes) {
    if (candidate.http == http_status) return candidate.code;
  }
  return Code::InternalError;
}

bool is_retryable(Code code) { return row(code).retryable; }

}  // namespace charter
