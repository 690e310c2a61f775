#pragma once

#include <memory>
#include <string>
#include <vector>

// Gauges about objects that come and go: what Metrics has stays for ever.
namespace charter {

/// One value about an object.
struct GaugeValue {
  std::string name;  ///< of the metric
  std::string help;
  double value = 0;
};

/// The gauges of one kind's objects; the label `name` tells the objects apart. Thread-safe.
class ObjectGauges {
 public:
  ObjectGauges();
  ~ObjectGauges();
  /// Takes the place of all values of the object.
  void set(const std::string& object, std::vector<GaugeValue> values);
  /// The object is gone, and its series with it.
  void forget(const std::string& object);
  /// Text exposition format 0.0.4.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace charter
