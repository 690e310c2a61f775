#include "tests/bench/bench_objects.h"
#include "tests/bench/measures.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>

namespace charter::bench {
namespace {

constexpr double kDeliveryTimeout = 60;
constexpr size_t kSingleEvents = 50;
constexpr size_t kCreators = 8;
using Goal = Measured::Goal;

/// Many watches read by one thread through epoll: a thread each would measure the scheduler.
class Watchers {
 public:
  Watchers(const Target& target, size_t count)
      : arrivals_(count), last_(count), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    const std::string path =
        std::string(kCollection) +
        "?watch=1&timeoutSeconds=600&resourceVersion=" + current_version(target);
    for (size_t i = 0; i < count; ++i) {
      watches_.push_back(std::make_unique<Connection>(target));
      watches_[i]->start_stream({.path = path});
      watches_[i]->make_nonblocking();
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, watches_[i]->socket(), &event);
      drain(i);
    }
  }
  ~Watchers() { ::close(epoll_); }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  /// Reads until each watcher had `events` events in all. Throws Failure when that takes too long.
  void read_until(size_t events) {
    for (const Moment began = now(); fewest() < events;) {
      if (since(began) > kDeliveryTimeout) throw Failure("events did not reach every watcher");
      epoll_event ready[256];
      const int count = epoll_wait(epoll_, ready, 256, 100);
      for (int i = 0; i < count; ++i)
        drain(ready[i].data.u64);
    }
  }
  /// When each event reached the watcher, in order.
  const std::vector<Moment>& arrivals(size_t watcher) const { return arrivals_[watcher]; }
  size_t size() const { return watches_.size(); }

 private:
  static std::string current_version(const Target& target) {
    Connection probe(target);
    // Without items, the only version in the answer is that of the list.
    const std::string_view list =
        probe.expect({.path = std::string(kCollection) + "?labelSelector=app%3Dnothing"}).body;
    const std::string_view mark = "\"resourceVersion\":\"";
    const size_t at = list.find(mark);
    if (at == std::string_view::npos) throw Failure("a list without resourceVersion");
    const size_t start = at + mark.size();
    return std::string(list.substr(start, list.find('"', start) - start));
  }
  size_t fewest() const {
    size_t least = SIZE_MAX;
    for (const auto& one : arrivals_)
      least = std::min(least, one.size());
    return least;
  }
  /// An event is a line of JSON: an end of line after '}', which neither chunk sizes nor escaped
  /// strings contain.
  void drain(size_t index) {
    for (std::string_view part; !(part = watches_[index]->read_some()).empty();) {
      const Moment arrived = now();
      for (size_t at = part.find('\n'); at != std::string_view::npos;
           at = part.find('\n', at + 1)) {
        if ((at == 0 ? last_[index] : part[at - 1]) == '}') arrivals_[index].push_back(arrived);
      }
      last_[index] = part.back();
    }
  }

  std::vector<std::unique_ptr<Connection>> watches_;
  std::vector<std::vector<Moment>> arrivals_;
  std::vector<char> last_;
  int epoll_;
};

/// Work beside the reading of events; join() throws what it threw.
class Background {
 public:
  explicit Background(std::function<void()> work)
      : thread_([this, work = std::move(work)] {
          try {
            work();
          } catch (...) {
            failed_ = std::current_exception();
          }
        }) {}
  ~Background() {
    if (thread_.joinable()) thread_.join();
  }
  void join() {
    thread_.join();
    if (failed_) std::rethrow_exception(failed_);
  }

 private:
  std::exception_ptr failed_;
  std::thread thread_;
};

void create(Connection& connection, const std::string& name, size_t index) {
  connection.expect({"POST", kCollection, bench_object(name, index)});
}

/// One event at a time: when the last watcher has it, and when each has it.
void measure_single(const Target& target, Watchers& watchers, size_t events, Report& report) {
  const std::string count = std::to_string(watchers.size());
  Connection connection(target);
  std::vector<double> to_all;
  std::vector<double> to_each;
  for (size_t i = 0; i < events; ++i) {
    const Moment sent = now();
    Background poster([&] { create(connection, "w" + count + "-" + std::to_string(i), i); });
    watchers.read_until(i + 1);
    poster.join();
    double last = 0;
    for (size_t w = 0; w < watchers.size(); ++w) {
      const double took = Seconds(watchers.arrivals(w)[i] - sent).count();
      to_each.push_back(took);
      last = std::max(last, took);
    }
    to_all.push_back(last);
  }
  report.add({"create -> event, " + count + " watchers, p99", Samples(to_each).percentile_ms(99),
              "ms", watchers.size() <= 100 ? Goal::AtMost : Goal::None, 5, "from before the POST"});
  report.add({"one event to all " + count + " watchers, p50", Samples(to_all).percentile_ms(50),
              "ms", Goal::AtMost, 30, "from before the POST"});
}

/// Events as fast as they can be created.
void measure_burst(const Target& target, Watchers& watchers, size_t already, size_t events,
                   Report& report) {
  const std::string count = std::to_string(watchers.size());
  std::vector<Moment> acked(events);
  const Moment began = now();
  Background creators([&] {
    run_load(target, kCreators, events, [&](Connection& c, size_t i) {
      create(c, "b" + count + "-" + std::to_string(i), i);
      acked[i] = now();
    });
  });
  watchers.read_until(already + events);
  creators.join();
  // Events come in the order of their revisions, which is the order of the answers but for a few at
  // once.
  std::sort(acked.begin(), acked.end());
  std::vector<double> lag;
  Moment end = began;
  for (size_t w = 0; w < watchers.size(); ++w) {
    for (size_t i = 0; i < events; ++i) {
      const Moment arrived = watchers.arrivals(w)[already + i];
      lag.push_back(std::max(0.0, Seconds(arrived - acked[i]).count()));
      end = std::max(end, arrived);
    }
  }
  const double rate = static_cast<double>(events * watchers.size()) / Seconds(end - began).count();
  report.add({"deliveries to " + count + " watchers", rate, "/s",
              watchers.size() >= 1000 ? Goal::AtLeast : Goal::None, 200000,
              std::to_string(events) + " creates, 8 clients"});
  // A lag is measured from the answer of the create; an event may come before it, hence 1 us as the
  // least.
  report.add({"  lag behind the answer, p99", std::max(0.001, Samples(lag).percentile_ms(99)), "ms",
              Goal::AtMost, 250});
}

}  // namespace

void measure_watch(const ServerProcess& server, const Sizes& sizes, size_t watchers,
                   Report& report) {
  const double before = server.usage().resident_bytes;
  Watchers group(server.target(), watchers);
  const double grown =
      (server.usage().resident_bytes - before) / static_cast<double>(watchers) / 1024;
  char note[64];
  std::snprintf(note, sizeof note, "%zu idle watchers, TLS included: %.1f KiB", watchers, grown);
  if (watchers >= 1000)
    report.add({"memory per idle watcher", grown, "KiB", Goal::AtMost, 16, note});
  const size_t single = std::min(kSingleEvents, sizes.watch_events);
  measure_single(server.target(), group, single, report);
  measure_burst(server.target(), group, single, sizes.watch_events, report);
}

}  // namespace charter::bench
