#include "reconcilers/common/shell.h"

#include "controller/base/check.h"
#include "controller/base/limits.h"
#include "controller/object/conditions.h"
#include "controller/runtime/event_recorder.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/reasons.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr std::string_view kReady = "Ready";
constexpr std::string_view kReconciling = "Reconciling";
constexpr std::string_view kStalled = "Stalled";
constexpr std::string_view kDeleting = "Deleting";
constexpr std::string_view kPausedType = "Paused";

bool holds(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

ReasonClass known_class(std::string_view reason) {
  const auto cls = class_of(reason);
  CHECK_MSG(cls.has_value(), reason);
  return *cls;
}

// When the object is looked at again, in words that do not change from pass to pass: a changing
// text would be a status write per pass, and each write would cause the next pass.
std::string next_try(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::Again:
      return "in progress";
    case Outcome::Kind::Retry:
      return "tried again with growing delays, at the latest after " +
             human_duration(limits::kBackoffMax);
    case Outcome::Kind::Wait:
      if (outcome.after > Duration::zero())
        return "tried again within " + human_duration(outcome.after);
      return "tried again when that changes";
    case Outcome::Kind::Stuck:
      return "tried again when the object changes";
    case Outcome::Kind::Done:
      break;
  }
  return "tried again when something changes";
}

Outcome outcome_of(const Error& error) {
  const auto reason = reason_of(error);
  switch (known_class(reason)) {
    case ReasonClass::UserError:
    case ReasonClass::PolicyDenied:
    case ReasonClass::Terminal:
      return Outcome::stuck(std::string(reason));
    case ReasonClass::WaitForCapacity:
    case ReasonClass::WaitForApproval:
    case ReasonClass::WaitForAcceptance:
      return Outcome::wait(kWaitRetry, std::string(reason));
    case ReasonClass::Fine:
    case ReasonClass::Progressing:
    case ReasonClass::Retryable:
      break;
  }
  return Outcome::retry(error);
}

// A lost race is no news for the user: the next pass sees what won.
Outcome outcome_of_own_write(const Error& error) {
  return error.code == Code::NotFound ? Outcome::done() : Outcome::retry(error);
}

bool is_progress_type(std::string_view type) {
  return type == kReconciling || type == kStalled;
}

// Steps of something that was not there before, e.g. Provisioned, Starting: each would be a durable
// write that says less than the Ready at their end.
bool is_a_step(const Condition& now, const std::optional<Condition>& before) {
  if (now.type == kDeleting) return false;
  const auto cls = known_class(now.reason);
  const bool was_true = before && before->status == "True";
  if (now.type == kReady) return cls == ReasonClass::Progressing && !was_true;
  return cls == ReasonClass::Fine || cls == ReasonClass::Progressing;
}

bool is_warning(std::string_view reason) {
  const auto cls = known_class(reason);
  return is_stalled(cls) || cls == ReasonClass::Retryable || cls == ReasonClass::WaitForCapacity;
}

}  // namespace

bool PassFrame::load(const ObjectName& name) {
  encoded_ = rt_.caches.get(kinds::bucket(shape_.resource), name);
  if (encoded_ == nullptr) return false;
  object_ = std::make_shared<Json>(encoded_->tree());
  meta_ = read_meta(*object_);
  if (meta_.deleted.empty()) return true;
  return std::any_of(shape_.finalizers.begin(), shape_.finalizers.end(),
                     [&](const std::string& ours) { return holds(meta_.finalizers, ours); });
}

const Json& PassFrame::object() const {
  return *object_;
}

std::optional<Outcome> PassFrame::ensure_finalizers() {
  if (!meta_.deleted.empty()) return std::nullopt;
  Json changed = *object_;
  bool missing = false;
  for (const auto& finalizer : shape_.finalizers) {
    if (holds(meta_.finalizers, finalizer)) continue;
    add_finalizer(changed, finalizer);
    missing = true;
  }
  if (!missing) return std::nullopt;
  const auto written = rt_.client.update(shape_.resource, changed, Part::Main);
  return written ? Outcome::again() : outcome_of_own_write(written.error());
}

Outcome PassFrame::release(const std::vector<std::string>& finalizers) {
  Json changed = *object_;
  bool removed = false;
  for (const auto& finalizer : finalizers)
    removed |= remove_finalizer(changed, finalizer);
  if (!removed) return Outcome::done();
  const auto written = rt_.client.update(shape_.resource, changed, Part::Main);
  return written ? Outcome::done() : outcome_of_own_write(written.error());
}

Json PassFrame::keep_status() const {
  const auto* status = at(*object_, {"status"});
  return status != nullptr && status->is_object() ? *status : Json::object();
}

void PassFrame::state(Json& status, const Statement& statement) {
  known_class(statement.reason);
  set_condition(
      status,
      {statement.type, statement.status, statement.reason, statement.message, meta_.generation},
      rt_.clock.now());
}

void PassFrame::state_ready(Json& status, const Statement& ready) {
  CHECK_MSG(ready.type == kReady, ready.type);
  state(status, ready);
  const auto cls = known_class(ready.reason);
  const bool reached = ready.status == "True" || cls == ReasonClass::Fine;
  const auto holds_now = reached ? std::string_view() : is_stalled(cls) ? kStalled : kReconciling;
  // What goes on holding stays in place: to remove and set it again would move its transition time,
  // and each pass would write (ShellTest.AnObjectThatGoesOnWaitingWritesNothing).
  for (const auto type : {kReconciling, kStalled}) {
    if (type != holds_now) remove_condition(status, type);
  }
  if (!reached) state(status, is_so(holds_now, ready.reason, ready.message));
}

void PassFrame::set_phase(Json& status) {
  status["observedGeneration"] = meta_.generation;
  if (shape_.phase == nullptr) return;
  status["phase"] = std::string(shape_.phase(read_conditions(Json{{"status", status}})));
}

Outcome PassFrame::finish_paused(const std::string& source) {
  Json status = keep_status();
  const auto ready = find_condition(*object_, kReady);
  if (!ready || ready->observed_generation < meta_.generation) {
    state_ready(status, ready_unknown(reasons::kPaused,
                                      "not looked at since it changed: paused by " + source));
  }
  state(status,
        is_so(kPausedType, reasons::kPaused, "paused by " + source + "; remove it to go on"));
  set_phase(status);
  return write_status(std::move(status), Outcome::wait({}, std::string(reasons::kPaused)));
}

Outcome PassFrame::finish_failed(const Error& error) {
  if (error.code == Code::Conflict && error.reason.empty()) return Outcome::retry(error);
  const auto outcome = outcome_of(error);
  const auto reason = reason_of(error);
  const auto message = error.message + "; " + next_try(outcome);
  Json status = keep_status();
  remove_condition(status, kPausedType);
  state_ready(status, is_stalled(known_class(reason)) ? ready_false(reason, message)
                                                      : ready_unknown(reason, message));
  if (!meta_.deleted.empty()) state(status, is_so(kDeleting, reason, message));
  set_phase(status);
  return write_status(std::move(status), outcome);
}

Outcome PassFrame::finish(Json fields, const Statement& ready,
                          const std::vector<Statement>& conditions,
                          const std::optional<DeletionStep>& deletion, const Outcome& outcome) {
  Json status = std::move(fields);
  // Old conditions stay in place, with their transition times, if they are stated again.
  const auto before = read_conditions(*object_);
  if (const auto* list = at(*object_, {"status", "conditions"})) status["conditions"] = *list;
  for (const auto& old : before) {
    const bool stated =
        std::any_of(conditions.begin(), conditions.end(),
                    [&](const Statement& statement) { return statement.type == old.type; });
    const bool own =
        old.type == kReady || is_progress_type(old.type) || (old.type == kDeleting && deletion);
    if (!stated && !own) remove_condition(status, old.type);
  }
  for (const auto& statement : conditions)
    state(status, statement);
  if (deletion)
    state(status, is_so(kDeleting, deletion->reason, deletion->blocker + "; " + next_try(outcome)));
  state_ready(status, ready);
  set_phase(status);
  return write_status(std::move(status), outcome);
}

Outcome PassFrame::write_status(Json status, const Outcome& outcome) {
  wrote_ = false;
  const Json before = keep_status();
  if (before == status) return outcome;
  Json changed = *object_;
  changed["status"] = std::move(status);
  const auto written = rt_.client.update(shape_.resource, changed, Part::Status);
  if (!written) return outcome_of_own_write(written.error());
  wrote_ = true;
  announce_changes(*object_, changed);
  return outcome;
}

void PassFrame::announce_changes(const Json& before, const Json& after) {
  for (const auto& condition : read_conditions(after)) {
    if (is_progress_type(condition.type)) continue;
    const auto old = find_condition(before, condition.type);
    const bool by_reason = condition.type == kReady || condition.type == kDeleting;
    const bool changed =
        old ? old->status != condition.status || (by_reason && old->reason != condition.reason)
            : by_reason || condition.status == "True";
    if (!changed || is_a_step(condition, old)) continue;
    const auto type =
        is_warning(condition.reason) ? Announcement::Type::Warning : Announcement::Type::Normal;
    announce({{type, condition.reason, condition.message}});
  }
}

void PassFrame::announce(const std::vector<Announcement>& events) {
  for (const auto& event : events) {
    known_class(event.reason);
    const auto type = event.type == Announcement::Type::Warning ? EventRecorder::Type::Warning
                                                                : EventRecorder::Type::Normal;
    rt_.events.record(*object_, type, shape_.component, event.reason, event.message);
  }
}

}  // namespace charter
