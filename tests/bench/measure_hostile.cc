#include "tests/bench/attack.h"
#include "tests/bench/bench_objects.h"
#include "tests/bench/measures.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

// What one tenant feels while another does all it can.
namespace charter::bench {
namespace {

using Goal = Measured::Goal;
using Reading = AttackPlan::Reading;

constexpr double kMegabyte = 1024.0 * 1024.0;
constexpr const char* kConfigMaps = "/api/v1/namespaces/bench/configmaps";
/// As a controller works: a few requests at a time, none of them in a hurry.
constexpr auto kGetPause = std::chrono::milliseconds(5);
constexpr auto kCreatePause = std::chrono::milliseconds(20);
/// A tail of one in a hundred that a scheduler's tick causes would decide every ratio: below this
/// nobody feels a difference.
constexpr double kUnfeltMs = 1;

/// A token for a user who may do everything and is not exempt from anything.
std::string token_of(const std::string& charter, const std::string& data_dir,
                     const std::string& user) {
  const std::string command =
      charter + " token create --data-dir " + data_dir + " --user " + user + " 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw Failure("cannot run " + charter);
  char line[512] = "";
  const bool read = std::fgets(line, sizeof line, pipe) != nullptr;
  if (::pclose(pipe) != 0 || !read) throw Failure("no token for " + user);
  std::string token = line;
  while (!token.empty() && token.back() == '\n')
    token.pop_back();
  return token;
}

/// What there is to list, unless another measure has left it.
void fill(const Target& admin, size_t objects) {
  if (Connection(admin).send({.path = std::string(kCollection) + "/c-1"}).status == 200) return;
  run_load(admin, 64, objects, [](Connection& c, size_t i) {
    c.expect({"POST", kCollection, bench_object("c-" + std::to_string(i), i)});
  });
}

void allow(const Target& admin, const std::string& user) {
  Connection connection(admin);
  connection.expect(
      {"POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
       R"({"metadata":{"name":"bench-)" + user +
           R"("},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},)"
           R"("subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":")" +
           user + "\"}]}"});
}

/// An object whose name the server draws.
std::string nameless_object() {
  std::string out = bench_object("x", 0);
  const std::string name = "\"name\":\"x\"";
  const size_t at = out.find(name);
  if (at == std::string::npos) throw Failure("the bench object has another form");
  return out.replace(at, name.size(), "\"generateName\":\"h-\"");
}

std::string config_map(size_t bytes) {
  return R"({"metadata":{"generateName":"h-"},"data":{"a":")" + std::string(bytes, 'x') + "\"}}";
}

/// Many short members, the dearest YAML by the byte.
std::string yaml_config_map(size_t bytes) {
  std::string out = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hostile-yaml\ndata:\n";
  for (size_t i = 0; out.size() < bytes; ++i)
    out += "  k" + std::to_string(i) + ": \"v\"\n";
  return out;
}

std::vector<AttackPlan> plans(double scale) {
  const auto many = [scale](double n) {
    return std::max<size_t>(1, static_cast<size_t>(n * scale));
  };
  const std::string list = kCollection;
  const std::string get = list + "/c-0";
  const std::string apply = std::string(kConfigMaps) + "/hostile-yaml?fieldManager=h&force=true";
  const std::string_view table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  return {
      {"GETs, pipelined", many(100), {.path = get}},
      {"full lists", many(40), {.path = list}},
      {"Table lists", many(40), {.path = list, .accept = table}},
      {"filtered lists", many(40), {.path = list + "?labelSelector=app%3Dnothing"}},
      {"creates", many(200), {.method = "POST", .path = list}, nameless_object()},
      {"1 MiB creates", many(40), {.method = "POST", .path = kConfigMaps}, config_map(1 << 20)},
      {"60 KiB YAML applies",
       many(40),
       {.method = "PATCH", .path = apply, .content_type = "application/apply-patch+yaml"},
       yaml_config_map(60 * 1024)},
      {"watch starts", many(8), {.path = list + "?watch=1"}, {}, Reading::Hangup},
      {"handshakes", many(8), {.path = get}, {}, Reading::Hangup},
      {"full lists never read", many(1000), {.path = list}, {}, Reading::Never},
      {"bodies never finished",
       many(1000),
       {.method = "POST", .path = kConfigMaps},
       config_map(1 << 20),
       Reading::Never},
  };
}

/// The quiet tenant's view of a stretch of time.
struct View {
  Samples gets{{}};
  Samples creates{{}};
};

std::vector<double> work(const Target& target, double seconds, std::chrono::milliseconds pause,
                         const std::function<void(Connection&, size_t)>& step) {
  Connection connection(target);
  step(connection, 0);  // the first one pays for what is only made once
  std::vector<double> out;
  const Moment began = now();
  for (size_t i = 1; since(began) < seconds; ++i) {
    const Moment start = now();
    step(connection, i);
    out.push_back(since(start));
    std::this_thread::sleep_for(pause);
  }
  return out;
}

View look(const Target& target, double seconds, const std::string& prefix) {
  std::vector<double> creates;
  std::exception_ptr failed;
  std::thread creator([&] {
    try {
      creates = work(target, seconds, kCreatePause, [&](Connection& c, size_t i) {
        const std::string name = prefix + std::to_string(i);
        c.expect({"POST", kCollection, bench_object(name, i)});
      });
    } catch (...) {
      failed = std::current_exception();
    }
  });
  std::vector<double> gets;
  try {
    gets = work(target, seconds, kGetPause, [](Connection& c, size_t) {
      c.expect({.path = std::string(kCollection) + "/c-1"});
    });
  } catch (...) {
    creator.join();
    throw;
  }
  creator.join();
  if (failed) std::rethrow_exception(failed);
  return {Samples(std::move(gets)), Samples(std::move(creates))};
}

void add_ratio(Report& report, const std::string& what, const Samples& quiet,
               const Samples& attacked) {
  char note[160];
  std::snprintf(note, sizeof note, "p99 %.2f -> %.2f ms, p50 %.2f -> %.2f ms",
                quiet.percentile_ms(99), attacked.percentile_ms(99), quiet.percentile_ms(50),
                attacked.percentile_ms(50));
  const double ratio = attacked.percentile_ms(99) / std::max(kUnfeltMs, quiet.percentile_ms(99));
  report.add({what, ratio, "x p99", Goal::AtMost, 2, note});
}

}  // namespace

void measure_hostile(const std::string& charter, const std::string& data_dir,
                     const ServerProcess& server, const Sizes& sizes, Report& report) {
  fill(server.target(), sizes.objects);
  for (const char* user : {"hostile", "quiet"})
    allow(server.target(), user);
  const Target hostile(data_dir, server.target().port(), token_of(charter, data_dir, "hostile"));
  const Target quiet(data_dir, server.target().port(), token_of(charter, data_dir, "quiet"));
  size_t round = 0;
  for (const AttackPlan& plan : plans(sizes.hostile_scale)) {
    const std::string prefix = "q" + std::to_string(round++) + "-";
    const View before = look(quiet, sizes.hostile_seconds, prefix + "b-");
    server.reset_peak();
    const Attack attack(hostile, plan);
    std::this_thread::sleep_for(Seconds(sizes.hostile_seconds / 4));
    const View during = look(quiet, sizes.hostile_seconds, prefix + "d-");
    char note[160];
    std::snprintf(note, sizeof note,
                  "%zu connections; %zu requests sent, %.0f MB taken, %zu reconnects",
                  plan.connections, attack.requests(),
                  static_cast<double>(attack.answer_bytes()) / 1e6, attack.reconnects());
    report.add({"hostile " + plan.what + ": peak memory", server.usage().peak_bytes / kMegabyte,
                "MiB", Goal::AtMost, 1024, note});
    add_ratio(report, "  another tenant's GET", before.gets, during.gets);
    add_ratio(report, "  another tenant's create", before.creates, during.creates);
  }
}

}  // namespace charter::bench
