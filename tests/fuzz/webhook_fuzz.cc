#include "controller/webhooks/admission_review.h"
#include "controller/webhooks/limits.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// What a webhook answers comes from outside: it is no answer, a bounded denial, or leave with a
// bounded patch and warnings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto tree = parse_json(fuzz::text_of(bytes, size));
  if (!tree) return 0;
  for (const WebhookRole role : {WebhookRole::Mutating, WebhookRole::Validating}) {
    Webhook webhook;
    webhook.role = role;
    webhook.name = "fuzz.acme.example";
    const auto verdict = read_answer(webhook, *tree, "u");
    if (!verdict) continue;
    CHECK(verdict->warnings.size() <= limits::kWebhookWarningsMax);
    for (const std::string& line : verdict->warnings)
      CHECK(line.size() <= limits::kWebhookWarningBytesMax);
    CHECK(!verdict->denial || verdict->denial->causes.size() <= limits::kCausesMax);
    CHECK(!verdict->denial || http_status(verdict->denial->code) >= 400);
    CHECK(!verdict->patch || (role == WebhookRole::Mutating && !verdict->denial));
  }
  return 0;
}
