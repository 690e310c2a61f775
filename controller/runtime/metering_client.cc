#include "controller/runtime/metering_client.h"

#include "controller/base/log.h"
#include "controller/object/view.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter {

int64_t ledger_second(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
}

MeteringClient::MeteringClient(std::shared_ptr<Client> inner, MeteringParts parts)
    : inner_(std::move(inner)),
      parts_(std::move(parts)),
      failures_(parts_.metrics.counter("charter_ledger_failures_total",
                                       "States that could not be recorded in the ledger")) {}

const MeterOf* MeteringClient::meter_of(const Gvr& resource) const {
  const auto hooks = parts_.hooks.find(bucket_of(resource.group, resource.resource));
  if (hooks == parts_.hooks.end() || !hooks->second.meter) return nullptr;
  return &hooks->second.meter;
}

Result<ObjectPtr> MeteringClient::get(const Gvr& resource, const ObjectName& name) {
  return inner_->get(resource, name);
}

Result<ObjectList> MeteringClient::list(const Gvr& resource, const Selection& selection) {
  return inner_->list(resource, selection);
}

Result<std::unique_ptr<Watch>> MeteringClient::watch(const Gvr& resource,
                                                     const Selection& selection, int64_t version) {
  return inner_->watch(resource, selection, version);
}

Result<ObjectPtr> MeteringClient::create(const Gvr& resource, const Json& object) {
  return inner_->create(resource, object);
}

Status MeteringClient::remove(const Gvr& resource, const ObjectName& name,
                              const Deletion& deletion) {
  return inner_->remove(resource, name, deletion);
}

Result<ObjectPtr> MeteringClient::update(const Gvr& resource, const Json& object, Part part) {
  const MeterOf* meter = meter_of(resource);
  if (meter == nullptr || part == Part::Finalize) return inner_->update(resource, object, part);
  const ObjectName name{text_at(object, {"metadata", "namespace"}),
                        text_at(object, {"metadata", "name"})};
  if (const ObjectPtr before = parts_.seen(bucket_of(resource.group, resource.resource), name)) {
    const std::string& uid = before->header().uid;
    if (auto recorded = parts_.ledger.record(uid, (*meter)(before->bare_tree())); !recorded) {
      failures_.increment();
      return Error(std::move(recorded.error()));
    }
  }
  auto written = inner_->update(resource, object, part);
  if (written) record_after(*meter, **written);
  return written;
}

// A failure here is made up for by the next write of the object, which records first, or by the
// keeper.
void MeteringClient::record_after(const MeterOf& meter, const Encoded& written) {
  const Header& header = written.header();
  Status recorded = parts_.ledger.record(header.uid, meter(written.bare_tree()));
  if (recorded && header.deleting && !header.has_finalizers)
    recorded = parts_.ledger.record_end(header.uid, ledger_second(parts_.clock));
  if (recorded) return;
  failures_.increment();
  log_error("ledger", "a state is not recorded yet",
            {{"object", to_string(ObjectName{header.ns, header.name})},
             {"error", recorded.error().message}});
}

}  // namespace charter
