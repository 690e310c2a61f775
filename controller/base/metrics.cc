#include "controller/base/metrics.h"

#include <deque>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace charter {
namespace {

/// Counter over the library's.
class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& inner) : inner_(inner) {}
  void add(double by) override { inner_.Increment(by); }

 private:
  prometheus::Counter& inner_;
};

/// Gauge over the library's.
class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& inner) : inner_(inner) {}
  void set(double value) override { inner_.Set(value); }

 private:
  prometheus::Gauge& inner_;
};

/// Histogram over the library's.
class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& inner) : inner_(inner) {}
  void observe(double value) override { inner_.Observe(value); }

 private:
  prometheus::Histogram& inner_;
};

std::map<std::string, std::string> label_map(const MetricLabels& labels) {
  return {labels.begin(), labels.end()};
}

}  // namespace

struct Metrics::State {
  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counter_families;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauge_families;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*> histogram_families;
  std::map<const void*, std::unique_ptr<Counter>> counters;
  std::map<const void*, std::unique_ptr<Gauge>> gauges;
  std::map<const void*, std::unique_ptr<Histogram>> histograms;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help,
                          const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  auto*& family = state_->counter_families[name];
  if (!family) family = &prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  prometheus::Counter& inner = family->Add(label_map(labels));
  auto& outer = state_->counters[&inner];
  if (!outer) outer = std::make_unique<PrometheusCounter>(inner);
  return *outer;
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  auto*& family = state_->gauge_families[name];
  if (!family) family = &prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  prometheus::Gauge& inner = family->Add(label_map(labels));
  auto& outer = state_->gauges[&inner];
  if (!outer) outer = std::make_unique<PrometheusGauge>(inner);
  return *outer;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              const std::vector<double>& buckets, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  auto*& family = state_->histogram_families[name];
  if (!family) {
    family = &prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  }
  prometheus::Histogram& inner = family->Add(label_map(labels), buckets);
  auto& outer = state_->histograms[&inner];
  if (!outer) outer = std::make_unique<PrometheusHistogram>(inner);
  return *outer;
}

std::string Metrics::expose() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace charter
