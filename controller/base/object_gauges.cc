#include "controller/base/object_gauges.h"

#include <charconv>

namespace charter {
namespace {

std::string label_text(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string number_text(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

}  // namespace

void ObjectGauges::set(const std::string& object, std::vector<GaugeValue> values) {
  const std::lock_guard lock(mutex_);
  objects_[object] = std::move(values);
}

void ObjectGauges::forget(const std::string& object) {
  const std::lock_guard lock(mutex_);
  objects_.erase(object);
}

std::string ObjectGauges::expose() const {
  // The format wants all series of a metric together.
  std::map<std::string, std::string> metrics;
  const std::lock_guard lock(mutex_);
  for (const auto& [object, values] : objects_) {
    for (const GaugeValue& gauge : values) {
      std::string& text = metrics[gauge.name];
      if (text.empty())
        text = "# HELP " + gauge.name + " " + gauge.help + "\n# TYPE " + gauge.name + " gauge\n";
      text +=
          gauge.name + "{name=\"" + label_text(object) + "\"} " + number_text(gauge.value) + "\n";
    }
  }
  std::string out;
  for (const auto& [name, text] : metrics)
    out += text;
  return out;
}

}  // namespace charter
