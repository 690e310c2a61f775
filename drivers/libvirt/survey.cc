#include "drivers/libvirt/survey.h"

#include "drivers/libvirt/stats_record.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace charter::libvirt {
namespace {

/// A row of the bulk calls.
struct Row {
  Domain domain;
  std::string facts;
};
using Rows = std::map<std::string, Row>;  // by UUID

Result<Rows> ask_for_all(virConnectPtr connection, const Endpoint& endpoint) {
  Rows rows;
  CHARTER_TRY_ASSIGN(auto all, bulk_digests(connection, VIR_DOMAIN_STATS_STATE, 0));
  for (auto& record : all)
    rows[record.uuid] = {std::move(record.domain), std::move(record.text)};
  if (endpoint.type == DomainType::Test) return rows;  // it has no other statistics
  CHARTER_TRY_ASSIGN(const auto off,
                     bulk_digests(connection, VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON,
                                  VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE |
                                      VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT));
  for (const auto& record : off) {
    const auto found = rows.find(record.uuid);
    if (found != rows.end()) found->second.facts += record.text;
  }
  return rows;
}

/// A second handle of the same domain.
Domain copy_of(const Domain& domain) {
  return Domain(virDomainRef(domain.get()) == 0 ? domain.get() : nullptr);
}

Result<std::vector<Seen>> seen_where(virConnectPtr connection, const Endpoint& endpoint,
                                     const std::function<bool(const Reading&)>& meets,
                                     size_t again_max) {
  std::vector<Seen> found;
  CHARTER_TRY_ASSIGN(auto all, survey(connection, endpoint, again_max));
  for (auto& each : all) {
    if (!meets(*each.reading)) continue;
    auto seen = look_at(std::move(each.domain));
    if (!seen && seen.error().code == Code::NotFound) continue;  // gone since it was listed
    if (!seen) return seen.error();
    if (meets(*seen)) found.push_back(std::move(*seen));
  }
  return found;
}

}  // namespace

Result<std::vector<Surveyed>> survey(virConnectPtr connection, const Endpoint& endpoint,
                                     size_t again_max) {
  auto& memory = *endpoint.readings;
  const uint64_t begun = memory.tick();
  CHARTER_TRY_ASSIGN(Rows rows, ask_for_all(connection, endpoint));
  std::map<std::string, std::string> facts;
  for (const auto& [uuid, row] : rows)
    facts[uuid] = row.facts;
  for (const auto& uuid : memory.due(facts, again_max, begun)) {
    const uint64_t tick = memory.tick();
    auto seen = look_at(copy_of(rows[uuid].domain));
    if (!seen && seen.error().code == Code::NotFound) {  // gone since it was listed
      rows.erase(uuid);
      continue;
    }
    if (!seen) return seen.error();
    memory.keep(uuid, facts[uuid], tick,
                std::make_shared<const Reading>(static_cast<Reading&&>(std::move(*seen))));
  }
  std::vector<Surveyed> all;
  for (auto& [uuid, row] : rows) {
    // One that another survey has found gone meanwhile is gone for this one too.
    if (auto reading = memory.find(uuid))
      all.push_back({std::move(row.domain), std::move(reading)});
  }
  return all;
}

Result<std::vector<Seen>> domains_where(virConnectPtr connection, const Endpoint& endpoint,
                                        const std::function<bool(const Reading&)>& meets) {
  return seen_where(connection, endpoint, meets, 0);
}

Result<std::vector<Seen>> domains_where_for_sure(virConnectPtr connection, const Endpoint& endpoint,
                                                 const std::function<bool(const Reading&)>& meets) {
  return seen_where(connection, endpoint, meets, std::numeric_limits<size_t>::max());
}

}  // namespace charter::libvirt
