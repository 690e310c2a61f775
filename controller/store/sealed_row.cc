#include "controller/store/sealed_row.h"

namespace charter {
namespace {

constexpr std::string_view kSealed = "sealed:1:";

}  // namespace

std::string sealed_prefix(std::string_view key_id) {
  return std::string(kSealed) + std::string(key_id) + ":";
}

std::optional<std::string_view> sealing_key(std::string_view stored) {
  if (!stored.starts_with(kSealed)) return std::nullopt;
  const std::string_view rest = stored.substr(kSealed.size());
  return rest.substr(0, rest.find(':'));
}

SealedPlace place_of(const LogRow& row) {
  return {row.bucket, row.ns, row.name, row.revision, row.op == Write::Op::Delete};
}

Result<std::string> plain_bytes(const LogRow& row, const Sealer* sealer) {
  const auto key = sealing_key(row.object);
  if (!key) return std::string(row.object);
  if (sealer == nullptr) {
    return Error{Code::NotFound,
                 "sealed with key " + std::string(*key) + ", and no keys are given"};
  }
  return sealer->open(place_of(row), row.object);
}

bool is_stale(const LogRow& row, const Sealer* sealer) {
  if (sealer == nullptr) return false;
  const auto key = sealing_key(row.object);
  return key ? *key != sealer->key_id() : sealer->wants(row.bucket);
}

}  // namespace charter
