#include "drivers/libvirt/events.h"

#include "drivers/libvirt/call_pool.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"

#include <utility>

namespace charter::libvirt {

Events::Events(std::string uri) : uri_(std::move(uri)) {}

void Events::Sink::say(virDomainPtr domain) {
  char uuid[VIR_UUID_STRING_BUFLEN];
  if (virDomainGetUUIDString(domain, uuid) != 0) return;
  ProviderDriver::Hint copy;
  {
    std::lock_guard lock(mutex);
    copy = hint;
  }
  if (copy) copy(uuid);
}

void Events::free_sink(void* opaque) {
  delete static_cast<SinkPtr*>(opaque);
}

void Events::note_end(virConnectPtr, int, void* opaque) {
  auto& sink = **static_cast<SinkPtr*>(opaque);
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
  CHARTER_TRY_ASSIGN(connection_, open_connection(uri_));
  // Freed by us and not by libvirt, whose test hypervisor forgets it. None runs any more once it is
  // unregistered.
  end_sink_ = std::make_unique<SinkPtr>(sink_);
  tells_its_end_ =
      virConnectRegisterCloseCallback(connection_.get(), note_end, end_sink_.get(), nullptr) == 0;
  const auto lifecycle = +[](virConnectPtr, virDomainPtr domain, int, int, void* sink) -> int {
    (*static_cast<SinkPtr*>(sink))->say(domain);
    return 0;
  };
  const auto device = +[](virConnectPtr, virDomainPtr domain, const char*, void* sink) {
    (*static_cast<SinkPtr*>(sink))->say(domain);
  };
  const auto trouble =
      +[](virConnectPtr, virDomainPtr domain, const char*, const char*, int, const char*,
          void* sink) { (*static_cast<SinkPtr*>(sink))->say(domain); };
  Status done = subscribe(VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle);
  if (done) done = subscribe(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, device);
  if (done) done = subscribe(VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, trouble);
  if (!done) drop();
  return done;
}

void Events::close() {
  const std::unique_lock lock(mutex_, limits::kLibvirtLookDeadline);
  if (lock.owns_lock()) drop();
}

}  // namespace charter::libvirt
