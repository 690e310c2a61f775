#include "tests/bench/measures.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

// charter_bench: starts servers of its own on an empty data directory, measures them and prints
// each figure next to its goal. Ends with 1 when an answer was not as expected or a figure is
// missing; a missed goal is not an error.
namespace {

using namespace charter::bench;

constexpr const char* kUsage =
    "usage: charter_bench --charter BINARY --data-dir EMPTY_DIR [--smoke] [--phases "
    "api,watch,start,instances,hostile]\n"
    "                     [--objects N] [--gets N] [--writes N] [--watchers N] [--instances N]\n";

/// The command line.
struct Options {
  std::string charter;
  std::string data_dir;
  std::string phases = "api,watch,start,instances,hostile";
  Sizes sizes;
  bool wants(const std::string& phase) const {
    return ("," + phases + ",").find("," + phase + ",") != std::string::npos;
  }
};

/// Small enough for a test that runs with all others; goals mean nothing at these sizes.
Sizes smoke_sizes() {
  return {.objects = 100,
          .single_creates = 5,
          .gets = 2000,
          .writes = 50,
          .watchers = 10,
          .watch_events = 5,
          .instances = 3,
          .idle_seconds = 0.2,
          .afterglow_seconds = 1,
          .probe_seconds = 0.05,
          .hostile_seconds = 0.2,
          .hostile_scale = 0.02};
}

bool set_count(Sizes& sizes, const std::string& flag, size_t value) {
  if (flag == "--objects")
    sizes.objects = value;
  else if (flag == "--gets")
    sizes.gets = value;
  else if (flag == "--writes")
    sizes.writes = value;
  else if (flag == "--watchers")
    sizes.watchers = value;
  else if (flag == "--instances")
    sizes.instances = value;
  else
    return false;
  return value > 0;
}

std::optional<Options> parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--smoke") {
      out.sizes = smoke_sizes();
      continue;
    }
    if (++i == argc) return std::nullopt;
    if (flag == "--charter")
      out.charter = argv[i];
    else if (flag == "--data-dir")
      out.data_dir = argv[i];
    else if (flag == "--phases")
      out.phases = argv[i];
    else if (!set_count(out.sizes, flag, std::strtoul(argv[i], nullptr, 10)))
      return std::nullopt;
  }
  if (out.charter.empty() || out.data_dir.empty()) return std::nullopt;
  return out;
}

void measure_api(const Options& options, Report& report) {
  const Sizes& sizes = options.sizes;
  const double disk = fdatasync_rate(options.data_dir, sizes.probe_seconds);
  report.add({"fdatasync after each 4 KiB write, 1 thread", disk, "/s"});
  const ServerProcess server(options.charter, options.data_dir);
  report.add({"start, empty, to /readyz", server.ready_seconds() * 1000, "ms",
              Measured::Goal::AtMost, 100, "polled each ms, TLS handshake included"});
  report.add({"idle, empty: memory", server.usage().resident_bytes / 1024 / 1024, "MiB",
              Measured::Goal::AtMost, 30});
  measure_idle(server, sizes, "empty", report);
  prepare(server.target());
  if (options.wants("api")) {
    measure_creates(server, sizes, disk, report);
    measure_gets(server, sizes, report);
    measure_lists(server, sizes, report);
    measure_writes(server.target(), sizes, report);
  }
  if (options.wants("watch")) {
    for (const size_t watchers : {std::max<size_t>(1, sizes.watchers / 10), sizes.watchers})
      measure_watch(server, sizes, watchers, report);
  }
  if (options.wants("api"))
    measure_idle(server, sizes, "with " + std::to_string(sizes.objects) + " objects", report);
}

void measure_attacks(const Options& options, Report& report) {
  const ServerProcess server(options.charter, options.data_dir);
  measure_hostile(options.charter, options.data_dir, server, options.sizes, report);
}

void measure_cold_start(const Options& options, Report& report) {
  const ServerProcess server(options.charter, options.data_dir);
  report.add(
      {"cold start with the objects, to /readyz", server.ready_seconds() * 1000, "ms",
       Measured::Goal::AtMost, 500,
       "goal is for 100,000 objects; " + std::to_string(options.sizes.objects) + " and more here"});
}

void measure_instances(const Options& options, Report& report) {
  {
    const ServerProcess server(options.charter, options.data_dir);
    measure_convergence(server, options.sizes, report);
    measure_idle(server, options.sizes,
                 "with " + std::to_string(options.sizes.instances) + " instances", report);
  }
  const ServerProcess server(options.charter, options.data_dir);
  report.add({"cold start with the instances, to /readyz", server.ready_seconds() * 1000, "ms"});
  measure_user_change(server.target(), options.sizes, report);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    std::filesystem::create_directories(options->data_dir);
    Report report;
    measure_api(*options, report);
    if (options->wants("start")) measure_cold_start(*options, report);
    if (options->wants("instances")) measure_instances(*options, report);
    if (options->wants("hostile")) measure_attacks(*options, report);
    if (report.empty_lines() == 0) return 0;
    std::fprintf(stderr, "charter_bench: %d figures are not positive\n", report.empty_lines());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "charter_bench: %s\n", error.what());
  }
  return 1;
}
