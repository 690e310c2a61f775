#pragma once

#include "controller/base/clock.h"
#include "drivers/image_source.h"
#include "drivers/inventory_changes.h"
#include "drivers/libvirt/call_pool.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/events.h"
#include "drivers/libvirt/room.h"
#include "drivers/libvirt/statistics.h"
#include "drivers/provider_driver.h"

#include <memory>
#include <optional>
#include <string>

// Real machines and volumes: domains and storage volumes of libvirt. One endpoint is one host. This
// class is only the way there: each call of the port becomes one piece of work on the call pool,
// with a deadline. What is done stands in machines.h, power.h, volumes.h and look.h.
namespace charter::libvirt {

/// One libvirt endpoint.
class LibvirtDriver final : public ProviderDriver {
 public:
  ~LibvirtDriver() override;
  /// Connects, makes what pools are missing, and looks once. Errors: ServiceUnavailable.
  static Result<std::shared_ptr<LibvirtDriver>> open(std::shared_ptr<CallPool> calls,
                                                     std::shared_ptr<Endpoint> endpoint);

  Result<std::optional<MachineState>> observe(const std::string& uid) override;
  Status create(const MachineSpec& spec) override;
  Status set_power(const std::string& uid, PowerState wanted) override;
  Result<ResizeOutcome> resize(const std::string& uid, int vcpus, int64_t memory_bytes) override;
  Status remove(const std::string& uid) override;

  Result<std::optional<VolumeState>> observe_volume(const std::string& uid) override;
  Status create_volume(const VolumeSpec& spec) override;
  Status grow_volume(const std::string& uid, int64_t size_bytes) override;
  Status attach_volume(const std::string& uid, const std::string& machine_uid) override;
  Status detach_volume(const std::string& uid, const std::string& machine_uid) override;
  Status remove_volume(const std::string& uid) override;

  Result<Inventory> look() override;
  Result<std::vector<MachineCounters>> counters() override;
  void on_hint(Hint hint) override;

 private:
  LibvirtDriver(std::shared_ptr<CallPool> calls, std::shared_ptr<Endpoint> endpoint);

  /// Runs work that changes these machines and volumes, alone among those that do.
  template <class T, class Work>
  Result<T> change(Duration deadline, std::vector<std::string> uids, Work work);
  /// Books room around a change.
  Status with_room(const std::string& uid, const Capacity& need,
                   const std::function<Status()>& work);

  const std::shared_ptr<CallPool> calls_;
  const std::shared_ptr<Endpoint> endpoint_;
  const std::shared_ptr<Events> events_;
  Statistics statistics_;
  Room room_;

  InventoryHints hints_;
};

/// Opens endpoints. Both arguments outlive the factory and its drivers.
DriverFactory libvirt_driver_factory(ImageSource& images, const Clock& clock);

}  // namespace charter::libvirt
