#include "controller/api/jwt.h"

#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "tests/fuzz/fuzz_input.h"

// A token that is taken apart is bounded and can be written in one way only; claims that are read
// can be written and read again. The input is a token, and its part behind the separator a payload:
// a fuzzer finds no base64 of JSON by itself.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [token, payload] = fuzz::two_of(bytes, size);
  if (const auto split = split_token(token)) {
    CHECK(!split->signature.empty());
    CHECK(!split->algorithm.empty());
    CHECK(token == std::string(split->signed_part) + "." + encode_base64url(split->signature));
  }
  if (const auto decoded = decode_base64url(token)) CHECK(encode_base64url(*decoded) == token);
  const auto claims = read_claims(payload);
  if (!claims) {
    CHECK(claims.error().code == Code::Unauthorized);
    return 0;
  }
  CHECK(claims->subject == "system:serviceaccount:" + claims->ns + ":" + claims->account);
  CHECK(!claims->audiences.empty() && claims->audiences.size() <= limits::kTokenAudiencesMax);
  const auto again = read_claims(write_claims(*claims));
  CHECK(again && again->account_uid == claims->account_uid && again->expires == claims->expires);
  return 0;
}
