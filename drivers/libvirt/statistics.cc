#include "drivers/libvirt/statistics.h"

#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/stats_record.h"

#include <algorithm>
#include <utility>

namespace charter::libvirt {
namespace {

/// Sum over `count` devices of what `field` says of each; nothing when it says nothing of one.
std::optional<int64_t> sum_of(const StatsRecord& record, const std::string& kind,
                              const std::string& field) {
  const auto count = record.number(kind + ".count");
  if (!count) return std::nullopt;
  int64_t sum = 0;
  for (int64_t i = 0; i < *count; ++i) {
    const auto value = record.number(kind + "." + std::to_string(i) + "." + field);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum;
}

std::set<std::string> disks_of(const StatsRecord& record) {
  std::set<std::string> names;
  for (int64_t i = 0; i < record.number("block.count").value_or(0); ++i)
    names.insert(record.text("block." + std::to_string(i) + ".name"));
  return names;
}

std::optional<int64_t> plus(std::optional<int64_t> value, int64_t more) {
  return value ? std::optional(*value + more) : std::nullopt;
}

std::set<std::string> targets_of(const DomainView& live) {
  std::set<std::string> targets;
  for (const auto& disk : live.disks)
    targets.insert(disk.target);
  return targets;
}

void note(virDomainPtr domain, const Detached& detached) {
  virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, detached_element(detached).c_str(),
                       "charter-detached", kDetachedUri, VIR_DOMAIN_AFFECT_LIVE);
}

}  // namespace

Statistics::Statistics(std::shared_ptr<Endpoint> endpoint)
    : endpoint_(std::move(endpoint)),
      calls_(endpoint_->settings.address,
             {.connections = 1, .lost = limits::kStatisticsLostMax, .waiting = 1}) {}

Result<std::vector<MachineCounters>> Statistics::read() {
  if (endpoint_->type == DomainType::Test)
    return Error{Code::MethodNotAllowed, "this hypervisor counts no consumption", "NotMetered"};
  return calls_.call<std::vector<MachineCounters>>(
      limits::kStatisticsDeadline, [endpoint = endpoint_, runs = runs_](virConnectPtr connection) {
        return count(connection, *endpoint, *runs);
      });
}

Result<std::vector<MachineCounters>> Statistics::count(virConnectPtr connection,
                                                       const Endpoint& endpoint, Runs& runs) {
  constexpr unsigned kWhat =
      VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE;
  CHARTER_TRY_ASSIGN(const auto records, bulk_stats(connection, kWhat,
                                                    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
                                                        VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT));
  std::vector<MachineCounters> all;
  std::set<std::string> uuids;
  for (const auto& record : records) {
    uuids.insert(record.uuid());
    auto run = run_of(endpoint, runs, record.domain(), disks_of(record));
    if (!run && run.error().code == Code::NotFound) continue;  // ended meanwhile
    if (!run) return run.error();
    if (run->uid.empty()) continue;
    all.push_back(
        {.uid = run->uid,
         .epoch = run->epoch,
         .cpu_ns = record.number("cpu.time"),
         .read_bytes = plus(sum_of(record, "block", "rd.bytes"), run->before.read_bytes),
         .written_bytes = plus(sum_of(record, "block", "wr.bytes"), run->before.written_bytes),
         .received_bytes = sum_of(record, "net", "rx.bytes"),
         .sent_bytes = sum_of(record, "net", "tx.bytes")});
  }
  {
    const std::lock_guard lock(runs.mutex);
    std::erase_if(runs.by_uuid, [&](const auto& run) { return !uuids.contains(run.first); });
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.uid < b.uid; });
  return all;
}

Result<Statistics::Run> Statistics::run_of(const Endpoint& endpoint, Runs& runs,
                                           virDomainPtr domain,
                                           const std::set<std::string>& disks) {
  const std::string uuid = uuid_of(domain);
  const auto id = static_cast<int>(virDomainGetID(domain));
  {
    const std::lock_guard lock(runs.mutex);
    const auto known = runs.by_uuid.find(uuid);
    if (known != runs.by_uuid.end() && known->second.id == id && known->second.disks == disks)
      return known->second;
  }
  CHARTER_TRY_ASSIGN(const DomainView live, live_view(domain));
  Run run{.id = id, .disks = disks};
  if (is_ours(live, endpoint)) {
    run.uid = live.stamp->uid;
    run.epoch = uuid + "/" + std::to_string(id) + "/" + std::to_string(live.started_s.value_or(0));
    run.before = live.detached.total(disks);
  }
  const std::lock_guard lock(runs.mutex);
  runs.by_uuid[uuid] = run;
  return run;
}

void note_leaving(virDomainPtr domain, const DomainView& live, const std::string& target) {
  virDomainBlockStatsStruct stats{};
  if (virDomainBlockStats(domain, target.c_str(), &stats, sizeof stats) != 0) return;
  note(domain, {.gone = live.detached.total(targets_of(live)),
                .leaving = target,
                .by_leaving = {std::max<int64_t>(0, stats.rd_bytes),
                               std::max<int64_t>(0, stats.wr_bytes)}});
}

void settle_left(virDomainPtr domain, const DomainView& live) {
  const Transferred gone = live.detached.total(targets_of(live));
  if (gone != live.detached.gone) note(domain, {.gone = gone});
}

}  // namespace charter::libvirt
