#include "controller/keys/key_ring.h"

#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/keys/xaes_gcm.h"
#include "controller/object/digest.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace charter {
namespace {

constexpr size_t kIdLength = 16;
constexpr std::string_view kHead =
    "# Keys for encryption at rest: the first seals, all open. Without the key that sealed it, a\n"
    "# store's Secrets are lost: keep a copy elsewhere, apart from copies of the store.\n";

std::string id_of(std::string_view key) {
  std::string text = "charter encryption key id";
  text += key;
  std::string id = sha256_hex(text).substr(0, kIdLength);
  cleanse(text);
  return id;
}

/// The key on a line; nothing when it is not one.
std::optional<EncryptionKey> read_key(std::string_view line) {
  auto bytes = decode_base64(line);
  if (!bytes) return std::nullopt;
  std::optional<EncryptionKey> out;
  if (bytes->size() == kXaesKeyBytes)
    out.emplace(EncryptionKey{id_of(*bytes), SecretBytes(*bytes)});
  cleanse(*bytes);
  return out;
}

bool says_nothing(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || line[first] == '#';
}

/// Calls visit(line, number) for each line, with its line end in `line`.
void each_line(std::string_view text, const std::function<void(std::string_view, size_t)>& visit) {
  for (size_t from = 0, number = 1; from < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', from), text.size() - 1) + 1;
    visit(text.substr(from, end - from), number);
    from = end;
  }
}

}  // namespace

Result<KeyRing> KeyRing::parse(const std::string& text, const std::string& name) {
  KeyRing ring;
  ring.name_ = name;
  std::optional<Error> fault;
  each_line(text, [&](std::string_view line, size_t number) {
    if (fault || says_nothing(line)) return;
    const std::string at = name + ": line " + std::to_string(number) + ": ";
    auto key = read_key(line);
    if (!key) {
      fault = {Code::Invalid,
               at + "expected a key: " + std::to_string(kXaesKeyBytes) + " bytes in base64"};
    } else if (ring.find(key->id) != nullptr) {
      fault = {Code::Invalid, at + "key " + key->id + " is there twice"};
    } else if (ring.keys_.size() == limits::kEncryptionKeysMax) {
      fault = {Code::Invalid,
               at + "at most " + std::to_string(limits::kEncryptionKeysMax) + " keys are read"};
    } else {
      ring.keys_.push_back(std::move(*key));
    }
  });
  if (fault) return *fault;
  if (ring.keys_.empty()) return Error{Code::Invalid, name + ": holds no key"};
  return ring;
}

const EncryptionKey* KeyRing::find(std::string_view id) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const auto& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<std::string> with_new_key(const std::string& text) {
  CHARTER_TRY_ASSIGN(std::string bytes, random_key_bytes(kXaesKeyBytes));
  std::string line = encode_base64(bytes) + "\n";
  cleanse(bytes);
  // Before the first key, behind what stands above it.
  std::optional<size_t> place;
  size_t at = 0, keys = 0;
  each_line(text, [&](std::string_view each, size_t) {
    if (!says_nothing(each)) {
      if (!place) place = at;
      ++keys;
    }
    at += each.size();
  });
  if (keys >= limits::kEncryptionKeysMax) {
    return Error{Code::Invalid, "the key file holds " + std::to_string(keys) +
                                    " keys already: remove those that nothing uses"};
  }
  std::string out = text.empty() ? std::string(kHead) : text;
  if (!out.ends_with('\n')) out += '\n';
  out.insert(place.value_or(out.size()), line);
  cleanse(line);
  return out;
}

Result<std::string> without_key(const std::string& text, std::string_view id) {
  std::string out;
  bool found = false;
  each_line(text, [&](std::string_view line, size_t) {
    const auto key = says_nothing(line) ? std::nullopt : read_key(line);
    if (key && key->id == id) {
      found = true;
    } else {
      out += line;
    }
  });
  if (!found) return Error{Code::NotFound, "the key file holds no key " + std::string(id)};
  return out;
}

}  // namespace charter
