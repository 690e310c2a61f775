#include "controller/webhooks/webhook.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

// Nothing like these passes admission; a file that somebody edited may hold it all the same.
TEST(WebhookReading, What_cannot_be_called_is_a_fault_and_never_left_out) {
  const auto configuration = parse_json(R"({"metadata":{"name":"odd"},"webhooks":[
    {"name":"bytes.acme.example","clientConfig":{"caBundle":"%"}},
    {"name":"words.acme.example","objectSelector":{"matchExpressions":[{"key":"a","operator":"Like"}]}},
    {"name":"good.acme.example","failurePolicy":"Ignore"}]})");
  ASSERT_TRUE(configuration);
  const auto read = read_webhooks(WebhookRole::Validating, *configuration);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].fault, "clientConfig.caBundle: not base64");
  EXPECT_EQ(read[0].failure, WebhookFailure::Refuse);
  EXPECT_TRUE(read[1].fault.starts_with("objectSelector: ")) << read[1].fault;
  EXPECT_TRUE(read[1].objects.empty()) << "asked for everything, so that the fault is seen";
  EXPECT_EQ(read[2].fault, "");
  EXPECT_EQ(read[2].failure, WebhookFailure::Ignore);
}

}  // namespace
}  // namespace charter
