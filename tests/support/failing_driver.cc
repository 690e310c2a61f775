#include "tests/support/failing_driver.h"

#include <utility>

namespace charter::test {
namespace {

class FailingDriver final : public ProviderDriver {
 public:
  FailingDriver(std::shared_ptr<ProviderDriver> inner, std::shared_ptr<CallFaults> faults,
                std::string provider)
      : inner_(std::move(inner)), faults_(std::move(faults)), provider_(std::move(provider)) {}

  Result<std::optional<MachineState>> observe(const std::string& uid) override {
    return call([&] { return inner_->observe(uid); });
  }
  Status create(const MachineSpec& spec) override {
    return call([&] { return inner_->create(spec); });
  }
  Status set_power(const std::string& uid, PowerState wanted) override {
    return call([&] { return inner_->set_power(uid, wanted); });
  }
  Result<ResizeOutcome> resize(const std::string& uid, int vcpus, int64_t memory) override {
    return call([&] { return inner_->resize(uid, vcpus, memory); });
  }
  Status remove(const std::string& uid) override {
    return call([&] { return inner_->remove(uid); });
  }
  Result<std::optional<VolumeState>> observe_volume(const std::string& uid) override {
    return call([&] { return inner_->observe_volume(uid); });
  }
  Status create_volume(const VolumeSpec& spec) override {
    return call([&] { return inner_->create_volume(spec); });
  }
  Status grow_volume(const std::string& uid, int64_t size_bytes) override {
    return call([&] { return inner_->grow_volume(uid, size_bytes); });
  }
  Status attach_volume(const std::string& uid, const std::string& machine) override {
    return call([&] { return inner_->attach_volume(uid, machine); });
  }
  Status detach_volume(const std::string& uid, const std::string& machine) override {
    return call([&] { return inner_->detach_volume(uid, machine); });
  }
  Status remove_volume(const std::string& uid) override {
    return call([&] { return inner_->remove_volume(uid); });
  }
  Result<Inventory> look() override {
    return call([&] { return inner_->look(); });
  }
  Result<std::vector<MachineCounters>> counters() override {
    if (faults_->counts_nothing)
      return Error{Code::MethodNotAllowed, "this hypervisor counts no consumption", "NotMetered"};
    return call([&] { return inner_->counters(); });
  }
  void on_hint(Hint hint) override { inner_->on_hint(std::move(hint)); }

 private:
  template <class Work>
  auto call(const Work& work) -> decltype(work()) {
    faults_->pass(provider_);
    if (++faults_->calls != faults_->fail_at) return work();
    if (faults_->fault == CallFault::Refused)
      return Error{Code::ServiceUnavailable, "the endpoint did not answer"};
    auto lost = work();
    (void)lost;
    return Error{Code::Timeout, "the answer of the endpoint was lost"};
  }

  const std::shared_ptr<ProviderDriver> inner_;
  const std::shared_ptr<CallFaults> faults_;
  const std::string provider_;
};

}  // namespace

void CallFaults::hang(const std::string& provider) {
  std::lock_guard lock(mutex_);
  hung_ = provider;
  changed_.notify_all();
}

int CallFaults::hanging() const {
  std::lock_guard lock(mutex_);
  return hanging_;
}

void CallFaults::pass(const std::string& provider) {
  std::unique_lock lock(mutex_);
  if (hung_ != provider) return;
  ++hanging_;
  changed_.wait(lock, [&] { return hung_ != provider; });
  --hanging_;
}

DriverFactory failing_factory(DriverFactory inner, std::shared_ptr<CallFaults> faults) {
  return [inner = std::move(inner), faults = std::move(faults)](
             const DriverSettings& settings) -> Result<std::shared_ptr<ProviderDriver>> {
    CHARTER_TRY_ASSIGN(std::shared_ptr<ProviderDriver> opened, inner(settings));
    return std::shared_ptr<ProviderDriver>(
        std::make_shared<FailingDriver>(std::move(opened), faults, settings.provider_name));
  };
}

}  // namespace charter::test
