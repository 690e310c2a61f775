#include "controller/base/result.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

struct CodeRow {
  Code code;
  int http;
  const char* word;
};

TEST(Result, Codes_have_kubernetes_words_and_http_statuses) {
  const CodeRow rows[] = {{Code::BadRequest, 400, "BadRequest"},
                          {Code::Unauthorized, 401, "Unauthorized"},
                          {Code::Forbidden, 403, "Forbidden"},
                          {Code::NotFound, 404, "NotFound"},
                          {Code::AlreadyExists, 409, "AlreadyExists"},
                          {Code::Conflict, 409, "Conflict"},
                          {Code::Gone, 410, "Gone"},
                          {Code::Expired, 410, "Expired"},
                          {Code::Invalid, 422, "Invalid"},
                          {Code::Timeout, 504, "Timeout"},
                          {Code::ServerTimeout, 500, "ServerTimeout"},
                          {Code::TooManyRequests, 429, "TooManyRequests"},
                          {Code::RequestEntityTooLarge, 413, "RequestEntityTooLarge"},
                          {Code::UnsupportedMediaType, 415, "UnsupportedMediaType"},
                          {Code::NotAcceptable, 406, "NotAcceptable"},
                          {Code::MethodNotAllowed, 405, "MethodNotAllowed"},
                          {Code::InternalError, 500, "InternalError"},
                          {Code::ServiceUnavailable, 503, "ServiceUnavailable"},
                          {Code::InsufficientStorage, 507, "InsufficientStorage"}};
  for (const CodeRow& row : rows) {
    EXPECT_EQ(http_status(row.code), row.http) << row.word;
    EXPECT_STREQ(reason_word(row.code), row.word);
  }
}

TEST(Result, What_a_user_must_mend_is_not_retried) {
  for (const Code code : {Code::BadRequest, Code::Invalid, Code::Forbidden, Code::NotFound,
                          Code::AlreadyExists, Code::RequestEntityTooLarge}) {
    EXPECT_FALSE(is_retryable(code)) << reason_word(code);
  }
  for (const Code code : {Code::Conflict, Code::Timeout, Code::ServerTimeout, Code::TooManyRequests,
                          Code::ServiceUnavailable}) {
    EXPECT_TRUE(is_retryable(code)) << reason_word(code);
  }
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Code::Invalid, "odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  CHARTER_TRY_ASSIGN(const int once, half(number));
  CHARTER_TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Status check_quarter(int number) {
  CHARTER_TRY(quarter(number));
  return {};
}

TEST(Result, The_macros_hand_out_values_and_pass_on_errors) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(6).error(), (Error{Code::Invalid, "odd"}));
  EXPECT_TRUE(check_quarter(4));
  EXPECT_EQ(check_quarter(5).error().message, "odd");
}

}  // namespace
}  // namespace charter
