#include "controller/api/metered_write.h"

#include <nlohmann/json.hpp>

namespace charter {

Status meter_write(const ApiParts& parts, const ResourceType& type, const Json& before,
                   const Json* after, Write& write) {
  const auto hooks = parts.hooks.find(type.bucket());
  if (hooks == parts.hooks.end() || !hooks->second.meter) return {};
  const MeterOf& meter = hooks->second.meter;
  const auto now_s =
      std::chrono::duration_cast<std::chrono::seconds>(parts.clock.now().time_since_epoch())
          .count();
  const auto then = meter(before);
  auto edges = ledger_edges(text_at(before, {"metadata", "uid"}), then,
                            after == nullptr ? std::vector<MeterSpan>{} : meter(*after), now_s);
  if (!edges) return Error(std::move(edges.error()));
  write.ledger = std::move(*edges);
  return {};
}

}  // namespace charter
