#include "controller/runtime/leader_elector.h"

#include "controller/base/log.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {
namespace {

const Gvr kLeases{"coordination.k8s.io", "v1", "leases"};

int64_t seconds_of(Duration length) {
  return std::chrono::duration_cast<std::chrono::seconds>(length).count();
}

}  // namespace

Status check_settings(const LeaderElectionSettings& settings) {
  const auto& [ns, name, identity, lease, renew, retry] = settings;
  if (name.empty() || ns.empty() || identity.empty())
    return Error{Code::Invalid, "leader election needs a namespace, a name and an identity"};
  if (lease % std::chrono::seconds(1) != Duration::zero() || lease < std::chrono::seconds(1))
    return Error{Code::Invalid, "the lease duration must be whole seconds, at least one"};
  if (renew >= lease)
    return Error{Code::Invalid, "the renew deadline must be shorter than the lease duration"};
  // client-go's JitterFactor.
  if (retry <= Duration::zero() || retry + retry / 5 >= renew)
    return Error{Code::Invalid,
                 "the retry period, and a fifth, must be shorter than the renew deadline"};
  return {};
}

LeaderElector::LeaderElector(Client& client, LeaderElectionSettings settings, const Clock& clock,
                             Random& random, Metrics& metrics)
    : client_(client),
      settings_(std::move(settings)),
      clock_(clock),
      random_(random),
      status_(metrics.gauge("leader_election_master_status",
                            "Whether this process leads (1) or not (0)",
                            {{"name", settings_.name}})) {
  status_.set(0);
}

Status LeaderElector::check() const {
  if (clock_.monotonic().count() < until_) return {};
  return Error{Code::Forbidden,
               "this process does not lead: its lease has ended or was never held"};
}

void LeaderElector::lead_until(Duration end) {
  until_ = end.count();
  status_.set(end > clock_.monotonic() ? 1 : 0);
}

bool LeaderElector::attempt() {
  const Duration began = clock_.monotonic();
  if (has_led_ && !leads()) {
    lead_until({});
    return false;
  }
  auto current = client_.get(kLeases, {settings_.ns, settings_.name});
  if (!current && current.error().code != Code::NotFound) {
    log_warn("leader", "the lease cannot be read", {{"error", current.error().message}});
    return leads();
  }
  if (!current) return take(std::nullopt, began);
  const Json lease = (*current)->tree();
  observe(lease);
  const bool is_ours = holder_ == settings_.identity;
  const bool is_free = holder_.empty() || clock_.monotonic() >= seen_at_ + term_;
  if (is_ours || (is_free && !has_led_)) return take(lease, began);
  // Another's name is in it: whatever our own term says, it is over.
  lead_until({});
  return false;
}

// The holder's term counts from when we see a change, not from the time it wrote: clocks differ.
void LeaderElector::observe(const Json& lease) {
  const Json* spec = at(lease, {"spec"});
  const std::string record = spec != nullptr ? encode(*spec) : std::string();
  if (record == record_) return;
  record_ = record;
  seen_at_ = clock_.monotonic();
  const std::string holder = text_at(lease, {"spec", "holderIdentity"});
  term_ = std::chrono::seconds(int_at(lease, {"spec", "leaseDurationSeconds"})
                                   .value_or(seconds_of(settings_.lease_duration)));
  if (holder != holder_) log_info("leader", "lease holder", {{"holder", holder}});
  holder_ = holder;
}

Json LeaderElector::wanted(const std::optional<Json>& current) const {
  const std::string now = format_micro_time(clock_.now());
  Json lease =
      current.value_or(Json{{"apiVersion", "coordination.k8s.io/v1"},
                            {"kind", "Lease"},
                            {"metadata", {{"namespace", settings_.ns}, {"name", settings_.name}}}});
  Json& spec = lease["spec"];
  if (!spec.is_object()) spec = Json::object();
  const bool changes = text_at(lease, {"spec", "holderIdentity"}) != settings_.identity;
  const int64_t transitions = int_at(lease, {"spec", "leaseTransitions"}).value_or(0);
  if (changes) spec["acquireTime"] = now;
  spec["leaseTransitions"] = transitions + (changes && current ? 1 : 0);
  spec["holderIdentity"] = settings_.identity;
  spec["leaseDurationSeconds"] = seconds_of(settings_.lease_duration);
  spec["renewTime"] = now;
  return lease;
}

bool LeaderElector::take(const std::optional<Json>& current, Duration began) {
  const Json lease = wanted(current);
  const auto written =
      current ? client_.update(kLeases, lease, Part::Main) : client_.create(kLeases, lease);
  if (!written) {
    log_warn("leader", "the lease cannot be written", {{"error", written.error().message}});
    return leads();
  }
  observe((*written)->tree());
  lead_until(began + settings_.renew_deadline);
  has_led_ = true;
  return leads();
}

Duration LeaderElector::pause() {
  const Duration period = settings_.retry_period;
  if (leads()) return period;
  // client-go's jitter for those who wait: up to a fifth more.
  return period + Duration(static_cast<int64_t>(
                      random_below(random_, static_cast<uint64_t>(period.count() / 5 + 1))));
}

void LeaderElector::release() {
  const bool led = leads();
  lead_until({});
  if (!led) return;
  const auto current = client_.get(kLeases, {settings_.ns, settings_.name});
  if (!current) return;
  Json lease = (*current)->tree();
  if (text_at(lease, {"spec", "holderIdentity"}) != settings_.identity) return;
  const std::string now = format_micro_time(clock_.now());
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  lease["spec"]["renewTime"] = now;
  lease["spec"]["acquireTime"] = now;
  const auto written = client_.update(kLeases, lease, Part::Main);
  if (!written)
    log_warn("leader", "the lease was not given back", {{"error", written.error().message}});
}

}  // namespace charter
