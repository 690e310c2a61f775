#include "controller/protobuf/protobuf.h"

#include "controller/object/value.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

// Whatever is accepted is a document within the bounds of documents, has a protobuf form, and that
// form says the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto document = decode_protobuf(fuzz::text_of(bytes, size), "Secret");
  if (!document) {
    CHECK(!document.error().message.empty());
    return 0;
  }
  const std::string text = encode(*document);
  CHECK(parse_json(text).has_value());
  const auto binary = encode_protobuf(*document);
  CHECK(binary.has_value());
  const auto again = decode_protobuf(*binary, "Secret");
  CHECK(again.has_value());
  CHECK(encode(*again) == text);
  const auto frame = protobuf_watch_frame("ADDED", *document);
  CHECK(frame.has_value());
  CHECK(frame->find(*binary) != std::string::npos);
  return 0;
}
