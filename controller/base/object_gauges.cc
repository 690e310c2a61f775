#include "controller/base/object_gauges.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <utility>

namespace charter {

struct ObjectGauges::State {
  using Series = std::pair<prometheus::Family<prometheus::Gauge>*, prometheus::Gauge*>;

  void remove(const std::string& object) {
    for (const auto& [family, gauge] : objects[object])
      family->Remove(gauge);
    objects.erase(object);
  }

  std::mutex mutex;  // of what follows, and so that nobody reads a half-made set of values
  prometheus::Registry registry;
  std::map<std::string, std::vector<Series>> objects;
};

ObjectGauges::ObjectGauges() : state_(std::make_unique<State>()) {}
ObjectGauges::~ObjectGauges() = default;

void ObjectGauges::set(const std::string& object, std::vector<GaugeValue> values) {
  const std::lock_guard lock(state_->mutex);
  state_->remove(object);
  for (const GaugeValue& value : values) {
    auto& family =
        prometheus::BuildGauge().Name(value.name).Help(value.help).Register(state_->registry);
    auto& gauge = family.Add({{"name", object}});
    gauge.Set(value.value);
    state_->objects[object].emplace_back(&family, &gauge);
  }
}

void ObjectGauges::forget(const std::string& object) {
  const std::lock_guard lock(state_->mutex);
  state_->remove(object);
}

std::string ObjectGauges::expose() const {
  const std::lock_guard lock(state_->mutex);
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace charter
