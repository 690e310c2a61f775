#pragma once

#include <memory>
#include <string>
#include <vector>

// Counters, gauges and histograms in Prometheus' text form. The library stays behind this header.
namespace charter {

/// Only goes up. Thread-safe; owned by Metrics.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double by) = 0;
  void increment() { add(1); }
};

/// Goes up and down. Thread-safe; owned by Metrics.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

/// Counts observations by size. Thread-safe; owned by Metrics.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// Label names and values, in order.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// The registry of one process. Look-ups take a lock: keep the reference, do not look up per request.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Counter& counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  /// `buckets` are ascending upper bounds, used when the series is first made.
  Histogram& histogram(const std::string& name, const std::string& help,
                       const std::vector<double>& buckets, const MetricLabels& labels = {});
  /// Text exposition format 0.0.4.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace charter
