#include "drivers/libvirt/events.h"

#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/stats_record.h"

#include <utility>

namespace charter::libvirt {

Events::Events(std::shared_ptr<Endpoint> endpoint)
    : sink_(std::make_shared<Sink>(std::move(endpoint))) {}

void Events::Sink::say(virDomainPtr domain) {
  const std::string uuid = uuid_of(domain);
  if (uuid.empty()) return;
  endpoint->readings->doubt(uuid);
  ProviderDriver::Hint copy;
  {
    std::lock_guard lock(mutex);
    copy = hint;
  }
  const std::string uid = machine_of(uuid);
  if (copy && !endpoint->quiet->keeps(uid, endpoint->clock->monotonic())) copy(uid);
}

void Events::tell(const std::vector<std::string>& uids) {
  ProviderDriver::Hint copy;
  {
    std::lock_guard lock(sink_->mutex);
    copy = sink_->hint;
  }
  for (const auto& uid : uids)
    if (copy) copy(uid);
}

void Events::Sink::say_lifecycle(virDomainPtr domain, int event) {
  const std::string uid = machine_of(uuid_of(domain));
  if (event == VIR_DOMAIN_EVENT_STARTED) endpoint->stops->started(uid);
  if (event == VIR_DOMAIN_EVENT_STOPPED || event == VIR_DOMAIN_EVENT_CRASHED)
    endpoint->stops->stopped(uid, endpoint->clock->now());
  say(domain);
}

void Events::free_sink(void* opaque) {
  delete static_cast<SinkPtr*>(opaque);
}

void Events::note_end(virConnectPtr, int, void* opaque) {
  auto& sink = **static_cast<SinkPtr*>(opaque);
  sink.endpoint->readings->told(false);
  sink.endpoint->stops->forget_all();
  std::lock_guard lock(sink.mutex);
  sink.lost = true;
}

void Events::on_hint(ProviderDriver::Hint hint) {
  std::lock_guard lock(sink_->mutex);
  sink_->hint = std::move(hint);
}

template <class Callback>
Status Events::subscribe(int event, Callback callback) {
  auto* opaque = new SinkPtr(sink_);
  const int id = virConnectDomainEventRegisterAny(
      connection_.get(), nullptr, event, VIR_DOMAIN_EVENT_CALLBACK(callback), opaque, free_sink);
  if (id >= 0) {
    subscriptions_.push_back(id);
    return {};
  }
  free_sink(opaque);
  return last_error("subscribing to events");
}

// Each subscription holds the connection: without this it would never be closed.
void Events::drop() {
  if (!connection_) return;
  for (const int id : subscriptions_)
    virConnectDomainEventDeregisterAny(connection_.get(), id);
  if (tells_its_end_) virConnectUnregisterCloseCallback(connection_.get(), note_end);
  subscriptions_.clear();
  connection_.reset();
  sink_->endpoint->readings->told(false);
  sink_->endpoint->stops->forget_all();
}

Status Events::ensure() {
  const std::unique_lock lock(mutex_, limits::kLibvirtLookDeadline);
  if (!lock.owns_lock()) return Error{Code::Timeout, "connecting for events takes too long"};
  {
    std::unique_lock sink_lock(sink_->mutex);
    const bool lost = std::exchange(sink_->lost, false);
    sink_lock.unlock();
    if (lost) drop();
  }
  if (connection_) return {};
  CHARTER_TRY_ASSIGN(connection_, open_connection(sink_->endpoint->settings.address));
  // Freed by us and not by libvirt, whose test hypervisor forgets it. None runs any more once it is
  // unregistered.
  end_sink_ = std::make_unique<SinkPtr>(sink_);
  tells_its_end_ =
      virConnectRegisterCloseCallback(connection_.get(), note_end, end_sink_.get(), nullptr) == 0;
  Status done = subscribe_all();
  if (!done) {
    drop();
    return done;
  }
  // Without a word of its end, nobody would know that nothing is told any more.
  sink_->endpoint->readings->told(tells_its_end_);
  return {};
}

Status Events::subscribe_all() {
  const auto lifecycle = +[](virConnectPtr, virDomainPtr domain, int event, int, void* sink) {
    (*static_cast<SinkPtr*>(sink))->say_lifecycle(domain, event);
  };
  const auto device = +[](virConnectPtr, virDomainPtr domain, const char*, void* sink) {
    (*static_cast<SinkPtr*>(sink))->say(domain);
  };
  const auto metadata = +[](virConnectPtr, virDomainPtr domain, int, const char*, void* sink) {
    (*static_cast<SinkPtr*>(sink))->say(domain);
  };
  const auto balloon = +[](virConnectPtr, virDomainPtr domain, unsigned long long, void* sink) {
    (*static_cast<SinkPtr*>(sink))->say(domain);
  };
  const auto trouble =
      +[](virConnectPtr, virDomainPtr domain, const char*, const char*, int, const char*,
          void* sink) { (*static_cast<SinkPtr*>(sink))->say(domain); };
  CHARTER_TRY(subscribe(VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle));
  CHARTER_TRY(subscribe(VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, device));
  CHARTER_TRY(subscribe(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, device));
  CHARTER_TRY(subscribe(VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, metadata));
  CHARTER_TRY(subscribe(VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, balloon));
  return subscribe(VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, trouble);
}

void Events::close() {
  const std::unique_lock lock(mutex_, limits::kLibvirtLookDeadline);
  if (lock.owns_lock()) drop();
}

}  // namespace charter::libvirt
