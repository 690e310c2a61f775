#include "drivers/fingerprint.h"

#include <cstdint>

namespace charter {
namespace {

/// FNV-1a, 64 bits, over length-prefixed fields. It only has to tell two specs apart.
class Fingerprint {
 public:
  Fingerprint& add(const std::string& field) {
    for (const char c : std::to_string(field.size()) + ":" + field) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return *this;
  }
  std::string text() const { return std::to_string(state_); }

 private:
  uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string fingerprint_of(const MachineSpec& spec) {
  Fingerprint print;
  print.add(spec.name)
      .add(std::to_string(spec.disk_bytes))
      .add(spec.disk_class)
      .add(spec.machine_class)
      .add(spec.image_url)
      .add(spec.image_digest)
      .add(spec.image_format)
      .add(spec.protection.tenant)
      .add(describe(spec.protection))
      .add(spec.user_data)
      .add(spec.ssh_key);
  for (const std::string& network : spec.networks)
    print.add(network);
  return print.text();
}

}  // namespace charter
