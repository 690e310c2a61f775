#include "controller/keys/ring_sealer.h"

#include "controller/keys/xaes_gcm.h"

namespace charter {
namespace {

void add_number(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(value >> shift & 0xff);
}

/// What is bound to a ciphertext. Lengths keep ("ab", "c") apart from ("a", "bc").
std::string associated_data(std::string_view prefix, const SealedPlace& place) {
  std::string out;
  for (const std::string_view part : {prefix, place.bucket, place.ns, place.name}) {
    add_number(out, part.size());
    out += part;
  }
  add_number(out, static_cast<uint64_t>(place.revision));
  out += place.deletes ? 'D' : 'P';
  return out;
}

}  // namespace

Result<std::string> RingSealer::seal(const SealedPlace& place, std::string_view plain) const {
  const EncryptionKey& key = ring_.newest();
  std::string out = sealed_prefix(key.id);
  CHARTER_TRY_ASSIGN(const std::string nonce, random_key_bytes(kXaesNonceBytes));
  CHARTER_TRY_ASSIGN(const std::string text,
                     xaes_encrypt(key.bytes.view(), nonce, associated_data(out, place), plain));
  out += nonce;
  out += text;
  return out;
}

Result<std::string> RingSealer::open(const SealedPlace& place, std::string_view stored) const {
  const std::string id(sealing_key(stored).value_or(std::string_view()));
  const EncryptionKey* key = ring_.find(id);
  if (key == nullptr) {
    std::string known;
    for (const EncryptionKey& each : ring_.all())
      known += (known.empty() ? "" : ", ") + each.id;
    return Error{Code::NotFound, "sealed with key " + id + ", which is missing: " + ring_.name() +
                                     " holds " + known};
  }
  const std::string prefix = sealed_prefix(id);
  if (stored.size() >= prefix.size() + kXaesNonceBytes && stored.starts_with(prefix)) {
    const std::string_view nonce = stored.substr(prefix.size(), kXaesNonceBytes);
    auto plain = xaes_decrypt(key->bytes.view(), nonce, associated_data(prefix, place),
                              stored.substr(prefix.size() + kXaesNonceBytes));
    if (plain) return std::move(*plain);
  }
  return Error{Code::InternalError, "sealed bytes do not open with key " + id +
                                        ": they were changed, or belong to another row"};
}

}  // namespace charter
