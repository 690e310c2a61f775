#include "controller/api/page_token.h"
#include "tests/fuzz/fuzz_input.h"

#include <string>

// A continue token is refused, or says a place that makes a token which says the same place again.
// The part behind the separator is taken as a name that a page ended with.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [text, name] = fuzz::two_of(bytes, size);
  const auto page = read_page_token(text);
  if (page) {
    CHECK(page->revision >= 0);
    const auto again =
        read_page_token(page->revision > 0 ? make_continue_token(page->revision, page->after)
                                           : make_inconsistent_token(page->after));
    CHECK(again && again->revision == page->revision);
    // A place without a namespace may be written with or without the slash.
    CHECK(again->after == page->after || page->after.name.empty());
  } else {
    CHECK(page.error().code == Code::BadRequest);
  }
  if (!check_document(name)) return 0;
  const ObjectName last{"", std::string(name)};
  const auto made = read_page_token(make_continue_token(7, last));
  CHECK(made && made->after == last && made->revision == 7);
  return 0;
}
