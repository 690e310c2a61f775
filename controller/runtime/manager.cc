#include "controller/runtime/manager.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"

#include <algorithm>

namespace charter {
namespace {

void keep_sooner(std::optional<Duration>& first, std::optional<Duration> due) {
  if (due && (!first || *due < *first)) first = due;
}

}  // namespace

Manager::Manager(ManagerParts parts)
    : parts_(std::move(parts)),
      informer_client_(parts_.client_for("charter-informers")),
      caches_(*informer_client_, parts_.clock, parts_.metrics),
      events_(parts_.client_for("charter-events"), parts_.clock, parts_.metrics) {
  caches_.on_ready([signal = pump_signal_] { signal->wake(); });
  events_.on_ready([signal = events_signal_] { signal->wake(); });
}

Manager::~Manager() {
  if (auto stopped = stop(); !stopped) {
    log_error("manager", "still waiting for threads", {{"error", stopped.error().message}});
  }
  pools_.clear();
  if (pump_thread_.joinable()) pump_thread_.join();
  for (std::thread& writer : event_writers_) {
    if (writer.joinable()) writer.join();
  }
}

Controller& Manager::add(ControllerSpec spec) {
  CHECK_MSG(!started_, "controllers are added before start()");
  ControllerParts parts{parts_.client_for("charter-" + spec.name),
                        caches_,
                        parts_.clock,
                        parts_.random,
                        events_,
                        parts_.metrics,
                        parts_.ledger};
  controllers_.push_back(std::make_unique<Controller>(std::move(spec), std::move(parts)));
  return *controllers_.back();
}

std::shared_ptr<Client> Manager::client_for(const std::string& field_manager) {
  return parts_.client_for(field_manager);
}

bool Manager::pump_caches() {
  bool happened = caches_.pump();
  for (auto& controller : controllers_)
    happened |= controller->release_held();
  return happened;
}

bool Manager::step() {
  CHECK_MSG(!started_, "step() belongs to the deterministic mode");
  if (pump_caches()) return true;
  // As in live mode, no pass runs on caches that have never been filled.
  if (caches_.synced()) {
    for (size_t tried = 0; tried < controllers_.size(); ++tried) {
      Controller& controller = *controllers_[next_controller_];
      next_controller_ = (next_controller_ + 1) % controllers_.size();
      if (controller.step()) return true;
    }
  }
  return events_.pump();
}

Settled Manager::settle(size_t steps_max) {
  Settled settled;
  while (settled.steps < steps_max) {
    if (!step()) {
      settled.quiet = true;
      break;
    }
    ++settled.steps;
  }
  return settled;
}

std::optional<Duration> Manager::next_due() const {
  std::optional<Duration> first = caches_.next_due();
  keep_sooner(first, events_.next_due());
  for (const auto& controller : controllers_)
    keep_sooner(first, controller->queue().next_due());
  return first;
}

void Manager::start() {
  CHECK_MSG(!started_, "start() is called once");
  started_ = true;
  for (auto& controller : controllers_) {
    pools_.push_back(std::make_unique<WorkerPool>(
        WorkerPoolParts{controller->queue(),
                        [at = controller.get()](Duty duty) { return at->workers(duty); },
                        [at = controller.get()](Duty duty) { at->work(duty); }},
        gate_));
    pools_.back()->start();
  }
  for (size_t i = 0; i < limits::kEventWriters; ++i)
    event_writers_.emplace_back([this] { events_loop(); });
  pump_thread_ = std::thread([this] { pump_loop(); });
}

void Manager::allow_work() {
  may_work_ = true;
  pump_signal_->wake();
}

bool Manager::wait_ready(Duration deadline) {
  return gate_->wait_finished(deadline);
}

size_t Manager::worker_threads() const {
  size_t all = 0;
  for (const auto& pool : pools_)
    all += pool->threads();
  return all;
}

Status Manager::stop() {
  if (!started_) return {};
  Status drained = drain_workers();
  Status ended = end_loops();
  return drained ? ended : drained;
}

Status Manager::drain_workers() {
  for (auto& controller : controllers_)
    controller->queue().shut_down();
  gate_->finish();
  Duration deadline = limits::kStopDeadline;
  std::string late;
  for (auto& controller : controllers_) {
    if (controller->queue().wait_drained(deadline)) continue;
    late += (late.empty() ? "" : ", ") + controller->name();
    deadline = {};  // the stage has one deadline, not each controller
  }
  if (!late.empty()) {
    return Error{Code::Timeout, "passes did not end within the stop deadline: " + late};
  }
  for (const auto& pool : pools_)
    pool->join();
  return {};
}

Status Manager::end_loops() {
  pump_signal_->end();
  events_signal_->end();
  const bool pump_ended = pump_signal_->wait_finished(limits::kStopDeadline);
  const bool events_ended = events_signal_->wait_finished(limits::kStopDeadline);
  if (!pump_ended) return Error{Code::Timeout, "informers did not end within the stop deadline"};
  if (!events_ended)
    return Error{Code::Timeout, "events were not written within the stop deadline"};
  if (pump_thread_.joinable()) pump_thread_.join();
  for (std::thread& writer : event_writers_) {
    if (writer.joinable()) writer.join();
  }
  return {};
}

void Manager::pump_loop() {
  while (!pump_signal_->ended()) {
    const bool happened = pump_caches();
    if (may_work_ && caches_.synced()) gate_->finish();
    if (happened) continue;
    auto due = caches_.next_due();
    if (due) due = std::max(*due - parts_.clock.monotonic(), Duration::zero());
    if (!pump_signal_->wait(due)) break;
  }
  pump_signal_->finish();
}

// After the end it still writes what passes recorded, but only what goes through at once.
void Manager::events_loop() {
  for (;;) {
    while (events_.pump()) {
      if (events_.waiting() > 0) events_signal_->wake();  // the next writer wakes the next one
    }
    if (events_signal_->ended()) break;
    auto due = events_.next_due();
    if (due) due = std::max(*due - parts_.clock.monotonic(), Duration::zero());
    events_signal_->wait(due);
  }
  events_signal_->finish();
}

}  // namespace charter
