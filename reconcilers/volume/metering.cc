#include "reconcilers/volume/metering.h"

#include "reconcilers/common/metering.h"

#include <nlohmann/json.hpp>

namespace charter::volume {

std::optional<Metering> metered(const Volume& volume, const Observed& have) {
  auto metering = volume.status.metering;
  const bool there = have.ext.has_value();
  if (!metering && (have.contract_uid.empty() || !there)) return metering;
  if (!metering) metering.emplace().contract_uid = have.contract_uid;
  std::optional<Charged> allocated;
  // A deletion gives it back once it is off its machines.
  const bool going = !volume.meta.deleted.empty();
  if (there && !have.contract_ended && !(going && have.ext->attached_to.empty()))
    allocated = Charged{{}, {}, counted_size(volume, *have.ext)};
  advance(metering->allocated, allocated, {have.now, {}, {}}, have.by);
  return metering;
}

bool is_charged(const std::optional<Metering>& metering) {
  return metering && metering->allocated && metering->allocated->lasts();
}

std::vector<MeterSpan> meter(const Json& volume) {
  const auto* metering = at(volume, {"status", "metering"});
  const auto* span = metering == nullptr ? nullptr : at(*metering, {"allocated"});
  if (span == nullptr) return {};
  MeterSpan like;
  like.meter = "volume";
  like.payer = text_at(*metering, {"contractUID"});
  const auto ns = text_at(volume, {"metadata", "namespace"}) + "/";
  like.payer_name = ns + text_at(volume, {"spec", "contractRef", "name"});
  like.name = ns + text_at(volume, {"metadata", "name"});
  const auto instance = text_at(volume, {"spec", "instanceRef", "name"});
  if (!instance.empty()) like.part_of = ns + instance;
  // In which unit it is counted depends on it.
  if (const auto of = text_at(volume, {"spec", "class"}); !of.empty())
    like.detail = encode({{"class", of}});
  like.amounts = encode({{"storage", parse_bytes(text_at(*span, {"size"})).value_or(0)}});
  return {to_span(*span, "Allocated", like)};
}

}  // namespace charter::volume
