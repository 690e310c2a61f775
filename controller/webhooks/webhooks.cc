#include "controller/webhooks/webhooks.h"

#include "controller/base/log.h"
#include "controller/object/causes.h"
#include "controller/object/conversion.h"
#include "controller/object/patch.h"
#include "controller/webhooks/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace charter {
namespace {

constexpr const char* kGroup = "admissionregistration.k8s.io";
constexpr const char* kMutating = "mutatingwebhookconfigurations";
constexpr const char* kValidating = "validatingwebhookconfigurations";

void read_all(const View& view, WebhookRole role, std::vector<Webhook>& out) {
  const char* resource = role == WebhookRole::Mutating ? kMutating : kValidating;
  // In order of their names, as Kubernetes calls them.
  view.scan(bucket_of(kGroup, resource), "", [&](const ObjectPtr& object) {
    auto webhooks = read_webhooks(role, object->tree());
    std::move(webhooks.begin(), webhooks.end(), std::back_inserter(out));
    return true;
  });
}

/// The version that a webhook is shown: the one that was asked for if its rules name it, else
/// another one of the resource that they name. Null: its rules do not speak of this write.
const ResourceType* shown_version(const Webhook& webhook, const WebhookSubject& subject,
                                  const KindTable& kinds) {
  if (names(webhook, subject)) return &subject.type;
  if (!webhook.equivalent || subject.type.builtin) return nullptr;
  const std::string bucket = subject.type.bucket();
  for (const auto& type : kinds.all()) {
    if (type->bucket() == bucket && names(webhook, {*type, subject.subresource, subject.operation}))
      return type.get();
  }
  return nullptr;
}

Pairs labels_of(const Json* object) {
  return object ? read_meta(*object).labels : Pairs();
}

Error failed_call(const Webhook& webhook, const std::string& why) {
  const std::string message = "failed calling webhook " + go_quote(webhook.name) + ": " + why;
  return Error{Code::InternalError, "Internal error occurred: " + message, {}, {{"", message, ""}}};
}

/// Members that say which object this is: no webhook may make another one of it.
Status check_identity(const Webhook& webhook, const Json& before, const Json& after) {
  const auto value_at = [](const Json& tree, const std::vector<std::string_view>& path) {
    const Json* node = path.size() == 1 ? at(tree, {path[0]}) : at(tree, {path[0], path[1]});
    return node ? *node : Json();
  };
  std::vector<std::vector<std::string_view>> fixed = {{"apiVersion"}, {"kind"}};
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "generation",
                            "creationTimestamp", "deletionTimestamp"})
    fixed.push_back({"metadata", field});
  for (const auto& path : fixed) {
    if (value_at(before, path) == value_at(after, path)) continue;
    const std::string field =
        std::string(path.front()) + (path.size() > 1 ? "." + std::string(path[1]) : "");
    return Error{Code::Invalid,
                 "admission webhook " + go_quote(webhook.name) + " may not change " + field,
                 {},
                 {forbidden_cause(field, "changed by admission webhook " + webhook.name)}};
  }
  return {};
}

/// Applies a webhook's patch to the version it was shown.
Result<Json> patched_by(const Webhook& webhook, const Json& object, const ResourceType& asked,
                        const ResourceType& shown, const Json& patch) {
  const bool other = &shown != &asked;
  Json target = object;
  if (other) convert(shown, target);
  auto patched = apply_json_patch(target, patch);
  if (!patched)
    return failed_call(webhook, "its patch cannot be applied: " + patched.error().message);
  CHARTER_TRY(check_identity(webhook, target, *patched));
  if (other) convert(asked, *patched);
  // Who owns which field is this server's to say.
  if (const Json* owned = at(object, {"metadata", "managedFields"})) {
    (*patched)["metadata"]["managedFields"] = *owned;
  } else if (patched->contains("metadata")) {
    (*patched)["metadata"].erase("managedFields");
  }
  return patched;
}

MetricLabels labels_of(const Webhook& webhook, const AdmissionAttempt& attempt) {
  return {{"name", webhook.name},
          {"operation", operation_word(attempt.operation)},
          {"type", webhook.role == WebhookRole::Mutating ? "admit" : "validating"}};
}

}  // namespace

/// All webhooks in calling order. Immutable.
struct Webhooks::Table {
  std::vector<Webhook> mutating, validating;
};

/// One object on its way through the mutating webhooks.
struct Webhooks::Round {
  std::shared_ptr<const KindTable> kinds;
  Duration deadline{};
  Mutation so_far;
  /// What each that may be called again left behind.
  std::vector<std::pair<const Webhook*, std::shared_ptr<Json>>> seen;
};

Webhooks::Webhooks(const WebhookParts& parts) : parts_(parts) {
  // Subscribed before the first look: a change between the two is looked at twice, never missed.
  subscription_ = parts_.store.subscribe(
      [this](const std::set<std::string, std::less<>>& buckets, int64_t /*revision*/) {
        if (buckets.contains(bucket_of(kGroup, kMutating)) ||
            buckets.contains(bucket_of(kGroup, kValidating)))
          load();
      });
  load();
}

Webhooks::~Webhooks() {
  parts_.store.unsubscribe(subscription_);
}

void Webhooks::load() {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Table>();
  read_all(parts_.store.view(), WebhookRole::Mutating, next->mutating);
  read_all(parts_.store.view(), WebhookRole::Validating, next->validating);
  table_ = std::move(next);
}

std::shared_ptr<const Webhooks::Table> Webhooks::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

bool is_webhook_configuration(const ResourceType& type) {
  return type.builtin && type.gvr.group == kGroup;
}

std::string Webhooks::first_concerned(const WebhookSubject& subject) const {
  const auto all = table();
  if (all->mutating.empty() && all->validating.empty()) return {};
  if (is_webhook_configuration(subject.type)) return {};
  const auto kinds = parts_.kinds.table();
  for (const auto* webhooks : {&all->mutating, &all->validating}) {
    for (const Webhook& webhook : *webhooks) {
      if (shown_version(webhook, subject, *kinds)) return webhook.name;
    }
  }
  return {};
}

bool Webhooks::selects(const Webhook& webhook, const AdmissionAttempt& attempt) const {
  if (!webhook.objects.empty()) {
    const bool now = attempt.object && webhook.objects.matches(labels_of(attempt.object));
    const bool before = attempt.before && webhook.objects.matches(labels_of(attempt.before));
    if (!now && !before) return false;
  }
  if (webhook.namespaces.empty()) return true;
  const bool is_namespace = attempt.type.builtin && attempt.type.bucket() == "/namespaces";
  if (is_namespace)
    return webhook.namespaces.matches(labels_of(attempt.object ? attempt.object : attempt.before));
  if (!attempt.type.namespaced) return true;
  const ObjectPtr found = parts_.store.get("/namespaces", {"", attempt.name.ns});
  return webhook.namespaces.matches(found ? found->header().labels : Pairs());
}

// In the version that the webhook is shown. One whose conditions do not hold has nothing to say.
Result<WebhookVerdict> Webhooks::ask(const Webhook& webhook, const AdmissionAttempt& attempt,
                                     const ResourceType& shown, Duration deadline) const {
  AdmissionAttempt seen = attempt;
  std::optional<Json> now, before;
  if (&shown != &attempt.type) {
    if (attempt.object) convert(shown, now.emplace(*attempt.object));
    if (attempt.before) convert(shown, before.emplace(*attempt.before));
    if (now) seen.object = &*now;
    if (before) seen.before = &*before;
  }
  Json request = admission_request(seen, shown);
  CHARTER_TRY_ASSIGN(const bool called, meets_conditions(webhook, seen, request));
  if (!called) return WebhookVerdict{};
  return call(webhook, seen, std::move(request), deadline);
}

// Whether the webhook is to be called. The words of a failed condition go to the client alone: they
// may quote the object.
Result<bool> Webhooks::meets_conditions(const Webhook& webhook, const AdmissionAttempt& attempt,
                                        const Json& request) const {
  if (webhook.conditions.empty()) return true;
  const auto met =
      webhook.conditions.match({request, attempt.object, attempt.before, attempt.access});
  const auto labels = labels_of(webhook, attempt);
  if (met) {
    if (!*met)
      parts_.metrics
          .counter("apiserver_admission_match_condition_exclusions_total",
                   "Writes that a webhook was not called for, by its conditions.", labels)
          .increment();
    return *met;
  }
  parts_.metrics
      .counter("apiserver_admission_match_condition_evaluation_errors_total",
               "Writes for which a webhook's conditions could not be evaluated.", labels)
      .increment();
  const bool ignored = webhook.failure == WebhookFailure::Ignore;
  log_warn("webhooks",
           ignored ? "conditions failed, and it is not called"
                   : "conditions failed, and the write is refused",
           {{"webhook", webhook.name}, {"configuration", webhook.configuration}});
  if (ignored) return false;
  return Error{Code::Forbidden,
               attempt.type.qualified_resource() + " " + go_quote(attempt.name.name) +
                   " is forbidden: " + met.error().message,
               {},
               {},
               Subject{attempt.type.gvr.group, attempt.type.gvr.resource, attempt.name.name, {}}};
}

// The verdict, or why there is none that counts. One who may be ignored has then said nothing.
Result<WebhookVerdict> Webhooks::call(const Webhook& webhook, const AdmissionAttempt& attempt,
                                      Json request, Duration deadline) const {
  const std::string uid = uuid4(parts_.random);
  const Json review = admission_review(std::move(request), attempt, uid);
  const Duration started = parts_.clock.monotonic();
  const Duration timeout = std::min<Duration>(webhook.timeout, deadline - started);
  const Result<WebhookVerdict> verdict = [&]() -> Result<WebhookVerdict> {
    if (!webhook.fault.empty()) return Error{Code::Invalid, webhook.fault};
    if (timeout <= Duration::zero())
      return Error{Code::Timeout, "no time is left: the webhooks before it took it all"};
    auto answer = parts_.client.post(webhook.target, review, timeout);
    if (!answer)
      return Error{Code::InternalError, "failed to call webhook: " + answer.error().message};
    return read_answer(webhook, *answer, uid);
  }();
  const auto labels = labels_of(webhook, attempt);
  parts_.metrics
      .histogram("apiserver_admission_webhook_admission_duration_seconds",
                 "Time that a webhook took for its answer.",
                 {0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25}, labels)
      .observe(static_cast<double>((parts_.clock.monotonic() - started).count()) / 1e9);
  if (verdict) return verdict;
  const bool ignored = webhook.failure == WebhookFailure::Ignore;
  log_warn("webhooks", ignored ? "failed, and is ignored" : "failed, and the write is refused",
           {{"webhook", webhook.name},
            {"configuration", webhook.configuration},
            {"why", verdict.error().message}});
  if (!ignored) return failed_call(webhook, verdict.error().message);
  parts_.metrics
      .counter("apiserver_admission_webhook_fail_open_count",
               "Failed calls of webhooks whose failurePolicy is Ignore.",
               {{"name", webhook.name}, {"type", labels.back().second}})
      .increment();
  return WebhookVerdict{};
}

Status Webhooks::mutate_with(const Webhook& webhook, const AdmissionAttempt& attempt,
                             Round& round) const {
  AdmissionAttempt now = attempt;
  if (round.so_far.object) now.object = round.so_far.object.get();
  const ResourceType* shown =
      shown_version(webhook, {attempt.type, attempt.subresource, attempt.operation}, *round.kinds);
  if (!shown || !selects(webhook, now)) return {};
  CHARTER_TRY_ASSIGN(WebhookVerdict verdict, ask(webhook, now, *shown, round.deadline));
  std::move(verdict.warnings.begin(), verdict.warnings.end(),
            std::back_inserter(round.so_far.warnings));
  if (verdict.denial) return *verdict.denial;
  if (verdict.patch && !attempt.object) {
    return failed_call(
        webhook, "it attempted to modify the object, which is not supported for this operation");
  }
  if (verdict.patch) {
    CHARTER_TRY_ASSIGN(Json patched,
                       patched_by(webhook, *now.object, attempt.type, *shown, *verdict.patch));
    if (patched != *now.object) round.so_far.object = std::make_shared<Json>(std::move(patched));
  }
  if (webhook.reinvoked) round.seen.emplace_back(&webhook, round.so_far.object);
  return {};
}

Result<Mutation> Webhooks::mutate(const AdmissionAttempt& attempt) const {
  Round round;
  const auto all = table();
  if (all->mutating.empty() || is_webhook_configuration(attempt.type))
    return std::move(round.so_far);
  round.kinds = parts_.kinds.table();
  round.deadline = parts_.clock.monotonic() + limits::kWebhooksTimeMax;
  for (const Webhook& webhook : all->mutating)
    CHARTER_TRY(mutate_with(webhook, attempt, round));
  // Once more those whose work a later one may have undone; only once, or two that disagree would
  // go on for ever.
  const auto again = std::exchange(round.seen, {});
  for (const auto& [webhook, left] : again) {
    if (left != round.so_far.object) CHARTER_TRY(mutate_with(*webhook, attempt, round));
  }
  return std::move(round.so_far);
}

Status Webhooks::validate(const AdmissionAttempt& attempt,
                          std::vector<std::string>& warnings) const {
  const auto all = table();
  if (all->validating.empty() || is_webhook_configuration(attempt.type)) return {};
  const auto kinds = parts_.kinds.table();
  const Duration deadline = parts_.clock.monotonic() + limits::kWebhooksTimeMax;
  for (const Webhook& webhook : all->validating) {
    const ResourceType* shown =
        shown_version(webhook, {attempt.type, attempt.subresource, attempt.operation}, *kinds);
    if (!shown || !selects(webhook, attempt)) continue;
    CHARTER_TRY_ASSIGN(WebhookVerdict verdict, ask(webhook, attempt, *shown, deadline));
    std::move(verdict.warnings.begin(), verdict.warnings.end(), std::back_inserter(warnings));
    if (verdict.denial) return *verdict.denial;
  }
  return {};
}

}  // namespace charter
