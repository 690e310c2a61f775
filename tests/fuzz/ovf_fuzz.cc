#include "controller/base/check.h"
#include "drivers/ovf/descriptor.h"
#include "drivers/ovf/limits.h"
#include "drivers/ovf/manifest.h"
#include "drivers/ovf/template.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// A descriptor comes from outside: any bytes are refused, or describe systems of sizes that can be
// made, whose files lie beside it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  charter::parse_manifest(text).has_value();
  const auto read = charter::parse_descriptor(text);
  if (!read) return 0;
  CHECK(!read->systems.empty());
  std::map<std::string, charter::OvfImage> images;
  for (const auto& system : read->systems) {
    CHECK(system.vcpus > 0 && system.vcpus <= charter::limits::kOvfVcpusMax);
    CHECK(system.memory_bytes > 0);
    CHECK(system.boot.capacity_bytes > 0);
    CHECK(charter::is_plain_file_name(system.boot.file));
    images[system.boot.file] = {std::string(64, 'a'), "qcow2"};
  }
  const auto made = charter::documents_of(*read, images, {"p", "s", "https://x.example/"});
  if (made) CHECK(made->size() >= 2);
  return 0;
}
