#include "tests/bench/bench_objects.h"
#include "tests/bench/measures.h"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace charter::bench {
namespace {

constexpr double kServedTimeout = 10;
constexpr int kListRuns = 5;
constexpr double kMegabyte = 1024.0 * 1024.0;
using Goal = Measured::Goal;

std::string object_path(const std::string& name) {
  return std::string(kCollection) + "/" + name;
}
std::string stored_name(size_t index) {
  return "c-" + std::to_string(index);
}

void add_rate(Report& report, const std::string& what, const Throughput& run, double goal,
              double p99_goal) {
  char note[64];
  std::snprintf(note, sizeof note, "p50 %.2f ms", run.latency.percentile_ms(50));
  report.add({what, run.per_second, "/s", goal > 0 ? Goal::AtLeast : Goal::None, goal, note});
  report.add({what + ", p99", run.latency.percentile_ms(99), "ms",
              p99_goal > 0 ? Goal::AtMost : Goal::None, p99_goal});
}

void create(Connection& connection, const std::string& name, size_t index) {
  connection.expect({"POST", kCollection, bench_object(name, index)});
}

/// The text between `mark` and the next quote.
std::string quoted_after(std::string_view body, std::string_view mark) {
  const size_t at = body.find(mark);
  if (at == std::string_view::npos) throw Failure("no " + std::string(mark) + " in an answer");
  const size_t start = at + mark.size();
  return std::string(body.substr(start, body.find('"', start) - start));
}

size_t count_of(std::string_view text, std::string_view mark) {
  size_t found = 0;
  for (size_t at = text.find(mark); at != std::string_view::npos;
       at = text.find(mark, at + mark.size()))
    ++found;
  return found;
}

/// One way to list: what is asked for, and how many items must come back (counted by their uid;
/// no_count: not counted).
struct ListCase {
  std::string what;
  std::string query;
  std::string accept;
  size_t uids;
  double goal_ms;
};

void measure_list(const ServerProcess& server, const ListCase& which, Report& report) {
  Connection connection(server.target());
  std::vector<double> runs;
  double bytes = 0;
  server.reset_peak();
  const double before = server.usage().resident_bytes;
  for (int i = 0; i < kListRuns; ++i) {
    const Moment began = now();
    const Reply reply =
        connection.expect({.path = kCollection + which.query, .accept = which.accept});
    runs.push_back(since(began));
    bytes = static_cast<double>(reply.body.size());
    const size_t found = count_of(reply.body, "\"uid\":");
    if (found != which.uids) throw Failure(which.what + ": " + std::to_string(found) + " items");
  }
  char note[96];
  std::snprintf(note, sizeof note, "best of %d; %.1f MB; server +%.1f MiB at its peak", kListRuns,
                bytes / 1e6, (server.usage().peak_bytes - before) / kMegabyte);
  report.add({which.what, *std::min_element(runs.begin(), runs.end()) * 1000, "ms", Goal::AtMost,
              which.goal_ms, note});
}

}  // namespace

void prepare(const Target& target) {
  Connection connection(target);
  connection.expect({"POST", "/api/v1/namespaces", namespace_object(kNamespace)});
  connection.expect(
      {"POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", bench_definition()});
  for (const Moment began = now(); connection.send({.path = kCollection}).status != 200;) {
    if (since(began) > kServedTimeout) throw Failure("the bench kind is not served");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void measure_creates(const ServerProcess& server, const Sizes& sizes, double disk_rate,
                     Report& report) {
  const double before = server.usage().resident_bytes;
  const Throughput single =
      run_load(server.target(), 1, sizes.single_creates,
               [](Connection& c, size_t i) { create(c, "one-" + std::to_string(i), i); });
  add_rate(report, "durable creates, 1 client", single, 0, 0);
  char note[64];
  std::snprintf(note, sizeof note, "fdatasync of 4 KiB: %.0f/s", disk_rate);
  report.add({"  of the disk's fdatasync rate", 100 * single.per_second / disk_rate, "%",
              Goal::AtLeast, 70, note});
  const Throughput many = run_load(server.target(), 64, sizes.objects,
                                   [](Connection& c, size_t i) { create(c, stored_name(i), i); });
  add_rate(report, "durable creates, 64 clients", many, 8000, 20);
  const double grown = server.usage().resident_bytes - before;
  report.add({"memory per 1.5 KB object, all in",
              grown / static_cast<double>(sizes.objects + sizes.single_creates) / 1024, "KiB",
              Goal::AtMost, 3.5, "growth of RSS over all creates"});
}

void measure_gets(const ServerProcess& server, const Sizes& sizes, Report& report) {
  for (const size_t clients : {8, 64}) {
    const double before = server.usage().cpu_seconds;
    const Throughput run =
        run_load(server.target(), clients, sizes.gets, [&](Connection& c, size_t i) {
          c.expect({.path = object_path(stored_name(i * 7919 % sizes.objects))});
        });
    add_rate(report, "GET, " + std::to_string(clients) + " clients", run, 25000, 4);
    // Unlike the rate, this hardly depends on who else uses the machine.
    report.add({"  server CPU per GET",
                1e6 * (server.usage().cpu_seconds - before) / static_cast<double>(sizes.gets),
                "us"});
  }
}

void measure_writes(const Target& target, const Sizes& sizes, Report& report) {
  const Throughput apply = run_load(target, 8, sizes.writes, [](Connection& c, size_t i) {
    const std::string name = "a-" + std::to_string(i);
    c.expect({"PATCH", object_path(name) + "?fieldManager=bench", bench_object(name, i),
              "application/apply-patch+yaml"});
  });
  add_rate(report, "server-side apply of new objects, 8 clients", apply, 4000, 0);
  // As a controller does it: with the resourceVersion that was read, here before the clock starts.
  const size_t count = std::min(sizes.writes, sizes.objects);
  std::vector<std::string> versions(count);
  run_load(target, 8, count, [&](Connection& c, size_t i) {
    versions[i] = quoted_after(c.expect({.path = object_path(stored_name(i))}).body,
                               "\"resourceVersion\":\"");
  });
  const Throughput status = run_load(target, 8, count, [&](Connection& c, size_t i) {
    const std::string name = stored_name(i);
    c.expect(
        {"PUT", object_path(name) + "/status", bench_object_with_status(name, i, versions[i])});
  });
  add_rate(report, "PUT /status, 8 clients", status, 6000, 0);
}

void measure_lists(const ServerProcess& server, const Sizes& sizes, Report& report) {
  const std::string json = "application/json";
  const std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const size_t all = sizes.objects + sizes.single_creates;
  const std::string count = std::to_string(all);
  measure_list(server, {"LIST " + count + " objects, full body", "", json, all, 40}, report);
  measure_list(server, {"LIST " + count + " objects, Table", "", table, all, 60}, report);
  measure_list(server,
               {"LIST " + count + " objects, selector matches none", "?labelSelector=app%3Dnothing",
                json, 0, 25},
               report);
}

void measure_idle(const ServerProcess& server, const Sizes& sizes, const std::string& state,
                  Report& report) {
  // What a start or a load leaves to be done (certificates, the audit's last sync) is not idling.
  Usage before = server.usage();
  for (double waited = 0; waited < sizes.afterglow_seconds; waited += sizes.idle_seconds) {
    std::this_thread::sleep_for(Seconds(sizes.idle_seconds));
    if (server.usage().written_bytes == before.written_bytes) break;
    before = server.usage();
  }
  before = server.usage();
  std::this_thread::sleep_for(Seconds(sizes.idle_seconds));
  const Usage after = server.usage();
  report.add({"idle " + state + ": CPU",
              100 * (after.cpu_seconds - before.cpu_seconds) / sizes.idle_seconds, "% core",
              Goal::AtMost, 0.2});
  char note[64];
  std::snprintf(note, sizeof note, "%.0f write calls", after.write_calls - before.write_calls);
  report.add({"idle " + state + ": bytes to disk", after.written_bytes - before.written_bytes, "B",
              Goal::AtMost, 0, note});
}

}  // namespace charter::bench
