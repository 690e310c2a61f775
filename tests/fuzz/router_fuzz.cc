#include "controller/api/router.h"

#include "controller/api/media_type.h"
#include "tests/fuzz/fuzz_input.h"

// What the router accepts never holds a segment that is no name, and decoding is not applied twice.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [path, query] = fuzz::two_of(bytes, size);
  for (const std::string_view method : {"GET", "PUT", "PATCH", "DELETE"}) {
    const auto found = route(method, path, query);
    if (!found) {
      CHECK(found.error().code == Code::BadRequest || found.error().code == Code::MethodNotAllowed);
      continue;
    }
    for (const std::string* part : {&found->group, &found->version, &found->resource, &found->ns, &found->name,
                                    &found->subresource}) {
      CHECK(part->find('/') == std::string::npos);
      CHECK(part->find('\0') == std::string::npos);
      CHECK(*part != "." && *part != "..");
    }
    const bool resource = found->place == Route::Place::Resource;
    CHECK(!resource || !found->resource.empty());
    if (method == "PUT" && resource) CHECK(!found->name.empty());
    for (const auto& [key, value] : found->query) CHECK(found->has_param(key));
  }
  if (const auto plain = percent_decode(path, PlusMeans::Plus)) CHECK(plain->size() <= path.size());
  negotiate(query, PlainProtobuf::Available);
  negotiate_failure(query);
  std::string version;
  wants_aggregated_discovery(query, version);
  bare_media_type(path);
  return 0;
}
