#pragma once

#include "tests/bench/load.h"
#include "tests/bench/report.h"
#include "tests/bench/server_process.h"

#include <cstddef>
#include <string>

// The measures themselves. Each adds its lines to the report and throws Failure on an unexpected
// answer.
namespace charter::bench {

/// How much of everything; the defaults are those of the goals.
struct Sizes {
  size_t objects = 10'000;
  size_t single_creates = 500;
  size_t gets = 40'000;
  size_t writes = 8'000;  ///< apply and PUT /status
  size_t watchers = 1'000;
  size_t watch_events = 200;
  size_t instances = 1'000;
  double idle_seconds = 5;
  double afterglow_seconds = 20;  ///< watched after all instances are Ready
  double probe_seconds = 0.5;
  double hostile_seconds = 8;  ///< of each look, before and during an attack
  double hostile_scale = 1;    ///< of the attacker's connections
};

/// Creates the namespace and the bench kind, and waits until it is served.
void prepare(const Target& target);
/// Creates by 1 and 64 clients and what the objects cost in memory. Leaves `objects` objects
/// behind.
void measure_creates(const ServerProcess& server, const Sizes& sizes, double disk_rate,
                     Report& report);
/// GET by 8 and 64 clients, and what one costs the server.
void measure_gets(const ServerProcess& server, const Sizes& sizes, Report& report);
/// Server-side apply of new objects and PUT of /status, 8 clients.
void measure_writes(const Target& target, const Sizes& sizes, Report& report);
/// LIST of everything: bodies, Table, a selector that matches nothing.
void measure_lists(const ServerProcess& server, const Sizes& sizes, Report& report);
/// Fan-out of events to `watchers` watchers, and their memory.
void measure_watch(const ServerProcess& server, const Sizes& sizes, size_t watchers,
                   Report& report);
/// CPU, writes and durable transactions while nobody asks for anything. `state` says what the
/// server holds.
void measure_idle(const ServerProcess& server, const Sizes& sizes, const std::string& state,
                  Report& report);
/// Applies the catalog and `instances` service instances, waits until all are Ready.
/// What they cost in commits and memory, and whether writing ends.
void measure_convergence(const ServerProcess& server, const Sizes& sizes, Report& report);
/// Changes made right after a start, when every object is queued for its drift check.
void measure_user_change(const Target& target, const Sizes& sizes, Report& report);

/// GET and create of one tenant while another attacks, in each way that there is.
void measure_hostile(const std::string& charter, const std::string& data_dir,
                     const ServerProcess& server, const Sizes& sizes, Report& report);

}  // namespace charter::bench
