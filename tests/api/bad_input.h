#pragma once

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

// promises.md "Bad input", as far as it reaches the API: each row is refused with the right code
// and words, and leaves the store exactly as it was. What the tables of the two tests have in
// common.
namespace charter::test {

inline constexpr const char* kJson = "application/json";
inline constexpr const char* kYaml = "application/yaml";
inline constexpr const char* kMerge = "application/merge-patch+json";
inline constexpr const char* kOperations = "application/json-patch+json";
inline constexpr const char* kApply = "application/apply-patch+yaml";
inline const std::string kA = kWidgetsPath + "/a";
inline const std::string kSecrets = "/api/v1/namespaces/lab/secrets";

/// One refused request.
struct Row {
  const char* what;
  Ask ask;
  int code;
  const char* reason;
  std::string text;  ///< part of the message
};

inline std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

/// A widget "b" as text with this written into its spec.
inline std::string with_spec(const std::string& spec) {
  return R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":1)" +
         spec + "}}";
}

/// A widget with this written into its metadata.
inline std::string with_metadata(const std::string& metadata) {
  return R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{)" + metadata +
         R"(},"spec":{"size":1}})";
}

inline std::string named(const std::string& name) {
  return with_metadata("\"name\":" + encode(Json(name)));
}

/// `count` members "k0":"v", joined by commas.
inline std::string members(size_t count, const std::string& value) {
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out += (i ? "," : "") + ("\"k" + std::to_string(i)) + "\":\"" + value + "\"";
  return out;
}

inline std::string items(size_t count, const std::function<std::string(size_t)>& item) {
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out += (i ? "," : "") + item(i);
  return out;
}

/// An API with a widget "a" and a secret, and rows in short.
class BadInput : public testing::Test {
 protected:
  BadInput() {
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
    EXPECT_EQ(api_.post(kSecrets,
                        {{"metadata", {{"name", "s"}}}, {"stringData", {{"password", "hunter2"}}}})
                  .status,
              201);
  }

  void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      const int64_t revision = api_.store().revision();
      const int64_t objects = api_.store().stats().objects;
      const Answer answer = api_.ask(row.ask);
      EXPECT_EQ(answer.status, row.code) << answer.body.substr(0, 600);
      EXPECT_EQ(answer.reason(), row.reason) << answer.body.substr(0, 600);
      EXPECT_NE(answer.body.find(row.text), std::string::npos) << answer.body.substr(0, 600);
      EXPECT_EQ(answer.body.find("hunter2"), std::string::npos) << "no answer may tell a secret";
      EXPECT_LT(answer.body.size(), 200'000u) << "an error must not grow with its input";
      EXPECT_EQ(api_.store().revision(), revision);
      EXPECT_EQ(api_.store().stats().objects, objects);
    }
  }

  Row post(const char* what, std::string body, int code, const char* reason, std::string text,
           const char* type = kJson) {
    return {what, {"POST", kWidgetsPath, std::move(body), type}, code, reason, std::move(text)};
  }
  Row patch(const char* what, const char* type, std::string body, int code, const char* reason,
            std::string text, const std::string& query = {}) {
    return {what, {"PATCH", kA + query, std::move(body), type}, code, reason, std::move(text)};
  }
  Row get(const char* what, const std::string& target, int code, const char* reason,
          std::string text) {
    return {what, {"GET", target}, code, reason, std::move(text)};
  }

  ServedApi api_;
};

}  // namespace charter::test
