#include "controller/api/audit_chain.h"

#include "controller/base/check.h"

#include <openssl/evp.h>

#include <charconv>
#include <memory>

namespace charter {
namespace {

constexpr size_t kDigestLength = 64;
constexpr std::string_view kSequenceKey = "\"audit.charter.dev/sequence\":\"";
constexpr std::string_view kChainKey = "\",\"audit.charter.dev/chain\":\"";
constexpr std::string_view kEnd = "\"}}";

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// True for text that seal_event could have written as a digest.
bool is_digest(std::string_view text) {
  return text.size() == kDigestLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A number without leading zeros, so that each point has one spelling only.
std::optional<uint64_t> read_sequence(std::string_view text) {
  uint64_t out = 0;
  if (text.empty() || text.front() == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string chain_digest(std::string_view before, std::string_view covered) {
  // One context a thread: making one costs more than the digest of a short line.
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> kContext(EVP_MD_CTX_new());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(kContext != nullptr);
  CHECK(EVP_DigestInit_ex(kContext.get(), EVP_sha256(), nullptr) == 1);
  CHECK(EVP_DigestUpdate(kContext.get(), before.data(), before.size()) == 1);
  CHECK(EVP_DigestUpdate(kContext.get(), covered.data(), covered.size()) == 1);
  CHECK(EVP_DigestFinal_ex(kContext.get(), digest, &size) == 1);
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(kDigestLength);
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

ChainPoint seal_event(const ChainPoint& before, std::string& event) {
  CHECK(!event.empty());
  ChainPoint out;
  out.sequence = before.sequence + 1;
  if (event.back() != '{') event += ',';
  event += kSequenceKey;
  event += std::to_string(out.sequence);
  event += kChainKey;
  out.digest = chain_digest(before.digest, event);
  event += out.digest;
  event += kEnd;
  event += '\n';
  return out;
}

std::optional<ChainSeal> read_seal(std::string_view line) {
  const std::string_view whole = line;
  if (!line.ends_with(kEnd)) return std::nullopt;
  line.remove_suffix(kEnd.size());
  if (line.size() < kDigestLength) return std::nullopt;
  ChainSeal out;
  out.digest = line.substr(line.size() - kDigestLength);
  line.remove_suffix(kDigestLength);
  out.covered = whole.substr(0, line.size());
  if (!is_digest(out.digest) || !line.ends_with(kChainKey)) return std::nullopt;
  line.remove_suffix(kChainKey.size());
  const size_t quote = line.rfind('"');
  if (quote == std::string_view::npos) return std::nullopt;
  const auto sequence = read_sequence(line.substr(quote + 1));
  if (!sequence || !line.substr(0, quote + 1).ends_with(kSequenceKey)) return std::nullopt;
  out.sequence = *sequence;
  return out;
}

std::optional<ChainPoint> parse_chain_point(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_digest(text.substr(colon + 1))) return std::nullopt;
  ChainPoint out;
  out.digest = text.substr(colon + 1);
  if (text.substr(0, colon) == "0") return out;
  const auto sequence = read_sequence(text.substr(0, colon));
  if (!sequence) return std::nullopt;
  out.sequence = *sequence;
  return out;
}

std::string to_string(const ChainPoint& point) {
  return std::to_string(point.sequence) + ":" + point.digest;
}

}  // namespace charter
