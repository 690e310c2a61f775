#include "tests/bench/bench_objects.h"
#include "tests/bench/measures.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

namespace charter::bench {
namespace {

using Json = nlohmann::json;
using Goal = Measured::Goal;

constexpr double kSecondsPerInstance = 0.02;
constexpr double kConvergeFloor = 60;
constexpr size_t kChanges = 10;
constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string instance_name(size_t index) {
  return "si-" + std::to_string(index);
}
std::string instance_path(size_t index) {
  return std::string(kServiceInstances) + "/" + instance_name(index);
}

/// Follows a watch of instances as Tables (small: the columns only) until all are ready.
class ReadyWatch {
 public:
  explicit ReadyWatch(const Target& target) : connection_(target) {
    connection_.start_stream(
        {.path = std::string(kServiceInstances) + "?watch=1&timeoutSeconds=3600&includeObject=None",
         .accept = kTable});
  }
  /// Throws Failure with the count of those that are ready when it takes too long.
  void wait_for(size_t instances, double timeout) {
    for (const Moment began = now(); ready_.size() < instances;) {
      if (since(began) > timeout) {
        throw Failure(std::to_string(ready_.size()) + " of " + std::to_string(instances) +
                      " instances Ready after " + std::to_string(timeout) + " s");
      }
      read(Json::parse(connection_.next_line()));
    }
  }

 private:
  void read(const Json& event) {
    if (event.at("type") == "ERROR") throw Failure(event.dump());
    const Json& table = event.at("object");
    // The columns come with the first event only.
    if (const Json columns = table.value("columnDefinitions", Json::array());
        columns.is_array() && !columns.empty()) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].at("name") == "Ready") ready_column_ = i;
      }
    }
    for (const Json& row : table.at("rows")) {
      const Json& cells = row.at("cells");
      const auto name = cells.at(0).get<std::string>();
      if (cells.at(ready_column_) == "True") {
        ready_.insert(name);
      } else {
        ready_.erase(name);
      }
    }
  }

  Connection connection_;
  std::set<std::string> ready_;
  size_t ready_column_ = 0;
};

/// Polls one object until its condition Ready is True; the whole object on time-out tells why.
void wait_ready(Connection& connection, const std::string& path, double timeout) {
  for (const Moment began = now();;) {
    const std::string body(connection.expect({.path = path}).body);
    const Json conditions =
        Json::parse(body).value("/status/conditions"_json_pointer, Json::array());
    for (const Json& condition : conditions) {
      if (condition.at("type") == "Ready" && condition.at("status") == "True") return;
    }
    if (since(began) > timeout) throw Failure(path + " is not Ready: " + body);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace

void measure_convergence(const Target& target, const Sizes& sizes, Report& report) {
  Connection connection(target);
  const Moment applied = now();
  for (const CatalogEntry& entry : bench_catalog(sizes.instances))
    connection.expect({"POST", entry.collection, entry.body});
  wait_ready(
      connection,
      std::string("/apis/charter.dev/v1alpha1/namespaces/") + kNamespace + "/contracts/bench",
      kConvergeFloor);
  report.add({"catalog and contract to Ready", since(applied) * 1000, "ms"});
  ReadyWatch watch(target);
  const Moment began = now();
  const Throughput creates = run_load(target, 8, sizes.instances, [](Connection& c, size_t i) {
    c.expect({"POST", kServiceInstances, service_instance(instance_name(i))});
  });
  watch.wait_for(sizes.instances,
                 kConvergeFloor + kSecondsPerInstance * static_cast<double>(sizes.instances));
  // The goal is stated for 10,000 instances; others are held against the same rate.
  char note[96];
  std::snprintf(note, sizeof note,
                "created at %.0f/s by 8 clients; goal scaled from 10 s for 10,000",
                creates.per_second);
  report.add({std::to_string(sizes.instances) + " instances to Ready", since(began), "s",
              Goal::AtMost, 10 * std::max(0.1, static_cast<double>(sizes.instances) / 10'000),
              note});
}

void measure_user_change(const Target& target, const Sizes& sizes, Report& report) {
  const size_t changes = std::min(kChanges, sizes.instances);
  Connection writer(target);
  // From the last name on: drift checks are queued in the order of names, so these would be reached
  // last.
  std::vector<double> took;
  for (size_t i = 0; i < changes; ++i) {
    const size_t index = sizes.instances - 1 - i;
    const Moment sent = now();
    const Json changed =
        Json::parse(writer
                        .expect({"PATCH", instance_path(index), R"({"spec":{"replicas":2}})",
                                 "application/merge-patch+json"})
                        .body);
    const auto generation = changed.at("/metadata/generation"_json_pointer).get<int64_t>();
    const auto version = changed.at("/metadata/resourceVersion"_json_pointer).get<std::string>();
    Connection stream(target);
    stream.start_stream({.path = std::string(kServiceInstances) +
                                 "?watch=1&timeoutSeconds=60&fieldSelector=metadata.name%3D" +
                                 instance_name(index) + "&resourceVersion=" + version});
    for (;;) {
      const Json event = Json::parse(stream.next_line());
      if (event.at("object").value("/status/observedGeneration"_json_pointer, int64_t{0}) >=
          generation)
        break;
    }
    took.push_back(since(sent));
  }
  report.add({"user change behind " + std::to_string(sizes.instances) + " drift checks, worst",
              Samples(took).percentile_ms(100), "ms", Goal::AtMost, 50,
              "from before the PATCH to status.observedGeneration; " + std::to_string(changes) +
                  " changes after a start"});
}

}  // namespace charter::bench
