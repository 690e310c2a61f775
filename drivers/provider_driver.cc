#include "drivers/provider_driver.h"

#include "drivers/counter_readings.h"

#include <utility>

namespace charter {

DriverPool::DriverPool() : readings_(std::make_shared<CounterReadings>()) {}

void DriverPool::add_factory(const std::string& driver, DriverFactory factory, Login login) {
  std::lock_guard lock(mutex_);
  factories_[driver] = {std::move(factory), login};
}

bool DriverPool::knows(const std::string& driver) {
  std::lock_guard lock(mutex_);
  return factories_.contains(driver);
}

bool DriverPool::needs_secret(const std::string& driver) {
  std::lock_guard lock(mutex_);
  const auto known = factories_.find(driver);
  return known != factories_.end() && known->second.login == Login::BySecret;
}

Result<std::shared_ptr<ProviderDriver>> DriverPool::open(const DriverSettings& settings) {
  DriverFactory factory;
  {
    std::lock_guard lock(mutex_);
    const auto found = open_.find(settings.provider_name);
    if (found != open_.end() && found->second.settings == settings) return found->second.driver;
    const auto known = factories_.find(settings.driver);
    if (known == factories_.end()) {
      return Error{Code::Invalid,
                   "spec.driver: this program has no driver \"" + settings.driver + "\""};
    }
    factory = known->second.open;
  }
  // Connecting may take long, so the lock is not held: one unreachable endpoint must not stop the
  // others. When it fails, the endpoint that was open under this name stays: bad new settings must
  // not make running machines unobservable.
  CHARTER_TRY_ASSIGN(std::shared_ptr<ProviderDriver> driver, factory(settings));
  std::shared_ptr<ProviderDriver> replaced;  // destroyed after the lock: closing may take long
  std::lock_guard lock(mutex_);
  Open& slot = open_[settings.provider_name];
  if (slot.driver && slot.settings == settings) return slot.driver;  // another worker was faster
  if (hint_) driver->on_hint(hint_);
  replaced = std::exchange(slot.driver, driver);
  slot.settings = settings;
  return driver;
}

Result<std::shared_ptr<ProviderDriver>> DriverPool::get(const std::string& provider_name) {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(provider_name);
  if (found != open_.end()) return found->second.driver;
  return Error{Code::ServiceUnavailable, "provider " + provider_name + " is not connected"};
}

void DriverPool::close(const std::string& provider_name) {
  std::shared_ptr<ProviderDriver> last;  // as above
  std::lock_guard lock(mutex_);
  const auto found = open_.find(provider_name);
  if (found == open_.end()) return;
  last = std::move(found->second.driver);
  open_.erase(found);
  readings_->forget(provider_name);
}

void DriverPool::on_hint(ProviderDriver::Hint hint) {
  std::lock_guard lock(mutex_);
  hint_ = std::move(hint);
  for (auto& [name, open] : open_)
    open.driver->on_hint(hint_);
}

}  // namespace charter
