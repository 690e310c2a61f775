#include "drivers/libvirt/libvirt_driver.h"

#include "drivers/inventory_changes.h"
#include "drivers/libvirt/acceleration.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/look.h"
#include "drivers/libvirt/machines.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/networks.h"
#include "drivers/libvirt/power.h"
#include "drivers/libvirt/storage.h"
#include "drivers/libvirt/volumes.h"

#include <functional>
#include <utility>

namespace charter::libvirt {
namespace {

/// What becomes of the bytes of a volume that is removed, for people.
const char* wipe_text(Wipe wipe) {
  return wipe == Wipe::Zero ? "volumes are overwritten with zeros before they are deleted"
                            : "volumes are deleted without being overwritten";
}

}  // namespace

Result<std::shared_ptr<LibvirtDriver>> LibvirtDriver::open(std::shared_ptr<CallPool> calls,
                                                           std::shared_ptr<Endpoint> endpoint) {
  const Status ready = calls->call<void>(
      limits::kLibvirtChangeDeadline, [endpoint](virConnectPtr connection) -> Status {
        CHARTER_TRY(identify(connection, *endpoint));
        CHARTER_TRY(ensure_pools(connection, endpoint->settings));
        CHARTER_TRY(ensure_networks(connection, endpoint->settings));
        std::string why;
        endpoint->type = choose_type(connection, *endpoint, why);
        endpoint->version += ", " + why + "; " + wipe_text(endpoint->settings.wipe);
        return {};
      });
  if (!ready) return ready.error();
  const std::shared_ptr<LibvirtDriver> driver(
      new LibvirtDriver(std::move(calls), std::move(endpoint)));
  CHARTER_TRY(driver->look());
  return driver;
}

LibvirtDriver::LibvirtDriver(std::shared_ptr<CallPool> calls, std::shared_ptr<Endpoint> endpoint)
    : calls_(std::move(calls)),
      endpoint_(std::move(endpoint)),
      events_(std::make_shared<Events>(endpoint_)),
      statistics_(endpoint_) {}

// On a thread of the pool, because a host that hangs makes its caller wait.
LibvirtDriver::~LibvirtDriver() {
  events_->on_hint({});
  calls_
      ->call<void>(limits::kLibvirtCloseGrace,
                   [events = events_](virConnectPtr) -> Status {
                     events->close();
                     return {};
                   })
      .has_value();
}

template <class T, class Work>
Result<T> LibvirtDriver::change(Duration deadline, std::vector<std::string> uids, Work work) {
  return calls_->call<T>(
      deadline,
      [endpoint = endpoint_, events = events_, uids = std::move(uids),
       work = std::move(work)](virConnectPtr connection) -> Result<T> {
        CHARTER_TRY_ASSIGN(const UidLocks locks, endpoint->lock(uids));
        endpoint->quiet->begin(uids);
        Result<T> done = work(connection, *endpoint);
        // Not every change is told of by an event, and those that are come when they please.
        for (const auto& uid : uids) {
          endpoint->readings->doubt(uid);
          endpoint->readings->doubt_known(substitute_of(uid));
        }
        const Status outcome = done ? Status() : Status(done.error());
        events->tell(endpoint->quiet->end(uids, outcome, endpoint->clock->monotonic()));
        return done;
      });
}

Status LibvirtDriver::with_room(const std::string& uid, const Capacity& need,
                                const std::function<Status()>& work) {
  CHARTER_TRY(room_.take(uid, need));
  Status done = work();
  // What timed out may still be made; the next look knows.
  if (done || done.error().code == Code::Timeout) {
    room_.made(uid);
  } else {
    room_.gave_up(uid);
  }
  return done;
}

Result<std::optional<MachineState>> LibvirtDriver::observe(const std::string& uid) {
  using State = std::optional<MachineState>;
  return calls_->call<State>(limits::kLibvirtLookDeadline,
                             [endpoint = endpoint_, uid](virConnectPtr connection) {
                               return observe_machine(connection, *endpoint, uid);
                             });
}

Status LibvirtDriver::create(const MachineSpec& spec) {
  CHARTER_TRY(check_spec(spec, endpoint_->settings));
  std::vector<std::string> uids = spec.volume_uids;
  uids.push_back(spec.uid);
  return with_room(spec.uid, {spec.vcpus, spec.memory_bytes, spec.disk_bytes}, [&] {
    return change<void>(limits::kLibvirtCopyDeadline, uids,
                        [spec](virConnectPtr connection, Endpoint& endpoint) {
                          return create_machine(connection, endpoint, spec);
                        });
  });
}

Status LibvirtDriver::set_power(const std::string& uid, PowerState wanted) {
  return change<void>(limits::kLibvirtChangeDeadline, {uid},
                      [uid, wanted](virConnectPtr connection, const Endpoint& endpoint) {
                        return power_machine(connection, endpoint, uid, wanted);
                      });
}

Result<ResizeOutcome> LibvirtDriver::resize(const std::string& uid, int vcpus,
                                            int64_t memory_bytes) {
  ResizeOutcome outcome = ResizeOutcome::Applied;
  const auto work = [&]() -> Status {
    CHARTER_TRY_ASSIGN(
        outcome,
        change<ResizeOutcome>(
            limits::kLibvirtChangeDeadline, {uid},
            [uid, vcpus, memory_bytes](virConnectPtr connection, const Endpoint& endpoint) {
              return resize_machine(connection, endpoint, uid, vcpus, memory_bytes);
            }));
    return {};
  };
  const Capacity now = room_.of(uid);
  if (now == Capacity{}) {
    CHARTER_TRY(work());  // not ours, or not seen yet: the host says what is the case
  } else {
    CHARTER_TRY(with_room(uid, {vcpus, memory_bytes, now.storage_bytes}, work));
  }
  return outcome;
}

Status LibvirtDriver::remove(const std::string& uid) {
  CHARTER_TRY(change<void>(limits::kLibvirtCopyDeadline, {uid},
                           [uid](virConnectPtr connection, const Endpoint& endpoint) {
                             return remove_machine(connection, endpoint, uid);
                           }));
  room_.removed(uid);
  return {};
}

Result<std::optional<VolumeState>> LibvirtDriver::observe_volume(const std::string& uid) {
  using State = std::optional<VolumeState>;
  return calls_->call<State>(limits::kLibvirtLookDeadline,
                             [endpoint = endpoint_, uid](virConnectPtr connection) {
                               return libvirt::observe_volume(connection, *endpoint, uid);
                             });
}

Status LibvirtDriver::create_volume(const VolumeSpec& spec) {
  CHARTER_TRY(check_spec(spec, endpoint_->settings));
  return with_room(spec.uid, {0, 0, spec.size_bytes}, [&] {
    return change<void>(limits::kLibvirtChangeDeadline, {spec.uid},
                        [spec](virConnectPtr connection, const Endpoint& endpoint) {
                          return libvirt::create_volume(connection, endpoint, spec);
                        });
  });
}

Status LibvirtDriver::grow_volume(const std::string& uid, int64_t size_bytes) {
  const auto work = [&] {
    return change<void>(limits::kLibvirtChangeDeadline, {uid},
                        [uid, size_bytes](virConnectPtr connection, const Endpoint& endpoint) {
                          return libvirt::grow_volume(connection, endpoint, uid, size_bytes);
                        });
  };
  const bool known = room_.of(uid).storage_bytes > 0;
  return known ? with_room(uid, {0, 0, size_bytes}, work) : work();
}

Status LibvirtDriver::attach_volume(const std::string& uid, const std::string& machine_uid) {
  return change<void>(limits::kLibvirtChangeDeadline, {uid, machine_uid},
                      [uid, machine_uid](virConnectPtr connection, const Endpoint& endpoint) {
                        return libvirt::attach_volume(connection, endpoint, uid, machine_uid);
                      });
}

Status LibvirtDriver::detach_volume(const std::string& uid, const std::string& machine_uid) {
  return change<void>(limits::kLibvirtChangeDeadline, {uid, machine_uid},
                      [uid, machine_uid](virConnectPtr connection, const Endpoint& endpoint) {
                        return libvirt::detach_volume(connection, endpoint, uid, machine_uid);
                      });
}

Status LibvirtDriver::remove_volume(const std::string& uid) {
  CHARTER_TRY(change<void>(limits::kLibvirtCopyDeadline, {uid},
                           [uid](virConnectPtr connection, const Endpoint& endpoint) {
                             return libvirt::remove_volume(connection, endpoint, uid);
                           }));
  room_.removed(uid);
  return {};
}

Result<Inventory> LibvirtDriver::look() {
  CHARTER_TRY_ASSIGN(
      Sight sight,
      calls_->call<Sight>(
          limits::kLibvirtLookDeadline,
          [endpoint = endpoint_, events = events_](virConnectPtr connection) -> Result<Sight> {
            CHARTER_TRY(events->ensure());
            CHARTER_TRY_ASSIGN(const auto pools, ensure_pools(connection, endpoint->settings));
            CHARTER_TRY(ensure_networks(connection, endpoint->settings));
            return look_around(connection, *endpoint, pools);
          }));
  room_.saw(sight.inventory.hosts.front().total, std::move(sight.used));
  hints_.saw(sight.inventory);
  return std::move(sight.inventory);
}

Result<std::vector<MachineCounters>> LibvirtDriver::counters() {
  return statistics_.read();
}

void LibvirtDriver::on_hint(Hint hint) {
  events_->on_hint(hint);
  hints_.on_hint(std::move(hint));
}

DriverFactory libvirt_driver_factory(ImageSource& images, const Clock& clock) {
  /// Call pools of endpoints that could not be opened. A connection attempt to a host that hangs
  /// holds its thread: the next attempt has to count it, and not to begin anew.
  struct Unopened {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<CallPool>> pools;  ///< by provider and URI
  };
  auto unopened = std::make_shared<Unopened>();
  return [&images, &clock,
          unopened](const DriverSettings& from) -> Result<std::shared_ptr<ProviderDriver>> {
    auto endpoint = std::make_shared<Endpoint>();
    CHARTER_TRY_ASSIGN(endpoint->settings, parse_settings(from));
    endpoint->owner = owner_of(from.provider_uid);
    endpoint->clock = &clock;
    endpoint->images = &images;
    const Address& address = endpoint->settings.address;
    CHARTER_TRY(check_credentials(address));
    const std::string key = from.provider_name + " " + address.uri;
    std::shared_ptr<CallPool> calls, outdated;  // destroyed after the lock: closing may take long
    {
      std::lock_guard lock(unopened->mutex);
      auto& known = unopened->pools[key];
      if (known && known->address() != address) outdated = std::exchange(known, nullptr);
      if (!known) known = std::make_shared<CallPool>(address);
      calls = known;
    }
    outdated.reset();
    CHARTER_TRY_ASSIGN(std::shared_ptr<ProviderDriver> driver,
                       LibvirtDriver::open(calls, std::move(endpoint)));
    std::lock_guard lock(unopened->mutex);
    unopened->pools.erase(key);
    return driver;
  };
}

}  // namespace charter::libvirt
