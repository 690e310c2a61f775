#include "reconcilers/contract/metering.h"

#include "reconcilers/common/metering.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::contract {
namespace {

const Statement* active_of(const Step& step) {
  const auto found =
      std::find_if(step.conditions.begin(), step.conditions.end(),
                   [](const Statement& statement) { return statement.type == "Active"; });
  return found == step.conditions.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Contract::Ordering> ordered(const Contract& contract, const Step& step, Instant now) {
  auto metering = contract.status.metering;
  const auto* active = active_of(step);
  const auto& status = step.status;
  if (active == nullptr || !status.accepted) return metering;
  const auto whole = [](Instant at) -> Instant {
    return std::chrono::floor<std::chrono::seconds>(at);
  };
  const bool lasts = metering && !metering->until;
  if (active->status == "True") {
    if (lasts && metering->hash == status.accepted->hash) return metering;
    Contract::Ordering next{1, whole(status.accepted->at), {}, status.accepted->hash};
    if (status.active_since) next.since = std::max(next.since, whole(*status.active_since));
    next.since = std::min(next.since, whole(now));
    if (metering) {
      next.number = metering->number + 1;
      next.since = std::max(next.since, metering->until.value_or(metering->since));
    }
    return next;
  }
  if (lasts && active->reason != "Scheduled") {
    const auto ends = std::min(whole(status.ends.value_or(now)), whole(now));
    metering->until = std::max(metering->since, ends);
  }
  return metering;
}

std::vector<MeterSpan> meter(const Json& contract) {
  const auto* metering = at(contract, {"status", "metering"});
  const auto* accepted = at(contract, {"status", "accepted"});
  if (metering == nullptr || accepted == nullptr) return {};
  MeterSpan span;
  span.meter = "order";
  span.payer = text_at(contract, {"metadata", "uid"});
  span.name =
      text_at(contract, {"metadata", "namespace"}) + "/" + text_at(contract, {"metadata", "name"});
  span.payer_name = span.name;
  const auto* quantities = at(*accepted, {"quantities"});
  span.amounts = encode(quantities == nullptr ? Json::object() : *quantities);
  const auto* agreed = at(*accepted, {"agreedPrices"});
  span.detail = encode({{"agreed", agreed == nullptr ? Json::array() : *agreed},
                        {"revision", text_at(*accepted, {"revision"})}});
  span = to_span(*metering, "Ordered", span);
  span.by = text_at(*accepted, {"by"});
  return {span};
}

}  // namespace charter::contract
