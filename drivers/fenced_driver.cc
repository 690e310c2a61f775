#include "drivers/fenced_driver.h"

#include <utility>

namespace charter {
namespace {

/// Passes on what the fence lets through.
class FencedDriver final : public ProviderDriver {
 public:
  FencedDriver(std::shared_ptr<ProviderDriver> inner, Fence fence)
      : inner_(std::move(inner)), fence_(std::move(fence)) {}

  Result<std::optional<MachineState>> observe(const std::string& uid) override {
    CHARTER_TRY(fence_());
    return inner_->observe(uid);
  }
  Status create(const MachineSpec& spec) override {
    CHARTER_TRY(fence_());
    return inner_->create(spec);
  }
  Status set_power(const std::string& uid, PowerState wanted) override {
    CHARTER_TRY(fence_());
    return inner_->set_power(uid, wanted);
  }
  Result<ResizeOutcome> resize(const std::string& uid, int vcpus, int64_t memory_bytes) override {
    CHARTER_TRY(fence_());
    return inner_->resize(uid, vcpus, memory_bytes);
  }
  Status remove(const std::string& uid) override {
    CHARTER_TRY(fence_());
    return inner_->remove(uid);
  }
  Result<std::optional<VolumeState>> observe_volume(const std::string& uid) override {
    CHARTER_TRY(fence_());
    return inner_->observe_volume(uid);
  }
  Status create_volume(const VolumeSpec& spec) override {
    CHARTER_TRY(fence_());
    return inner_->create_volume(spec);
  }
  Status grow_volume(const std::string& uid, int64_t size_bytes) override {
    CHARTER_TRY(fence_());
    return inner_->grow_volume(uid, size_bytes);
  }
  Status attach_volume(const std::string& uid, const std::string& machine_uid) override {
    CHARTER_TRY(fence_());
    return inner_->attach_volume(uid, machine_uid);
  }
  Status detach_volume(const std::string& uid, const std::string& machine_uid) override {
    CHARTER_TRY(fence_());
    return inner_->detach_volume(uid, machine_uid);
  }
  Status remove_volume(const std::string& uid) override {
    CHARTER_TRY(fence_());
    return inner_->remove_volume(uid);
  }
  Result<Inventory> look() override {
    CHARTER_TRY(fence_());
    return inner_->look();
  }
  Result<std::vector<MachineCounters>> counters() override {
    CHARTER_TRY(fence_());
    return inner_->counters();
  }
  void on_hint(Hint hint) override { inner_->on_hint(std::move(hint)); }

 private:
  const std::shared_ptr<ProviderDriver> inner_;
  const Fence fence_;
};

}  // namespace

DriverFactory fenced_factory(DriverFactory inner, Fence fence) {
  if (!fence) return inner;
  return [inner = std::move(inner), fence = std::move(fence)](
             const DriverSettings& settings) -> Result<std::shared_ptr<ProviderDriver>> {
    CHARTER_TRY(fence());
    CHARTER_TRY_ASSIGN(auto driver, inner(settings));
    return std::shared_ptr<ProviderDriver>(
        std::make_shared<FencedDriver>(std::move(driver), fence));
  };
}

}  // namespace charter
