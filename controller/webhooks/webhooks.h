#pragma once

#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/store/store.h"
#include "controller/webhooks/admission_review.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Users' admission webhooks: which of them a write concerns, and asking them
// (admissionregistration.k8s.io/v1).
//
//   shaped ─> mutate: one after another, each sees what the ones before made of it ─> validated ─>
//   validate ─> stored
//
// Configurations are followed in the store. A write is compared with their rules before anything
// else is done, so that one that concerns nobody costs a few comparisons. Configurations themselves
// are shown to no webhook: a broken one must stay removable. Thread contract: thread-safe; mutate
// and validate block for the answers, so never on a wire or writer thread.
namespace charter {

/// Asks one webhook. The seam of the network.
class WebhookClient {
 public:
  virtual ~WebhookClient() = default;
  /// POSTs a review and waits for the answer; gives up when nothing of it comes for `timeout`. MUST
  /// follow no redirect and accept no other host's certificate. Errors: why there is no answer;
  /// never its text.
  virtual Result<Json> post(const WebhookTarget& target, const Json& review, Duration timeout) = 0;
};

/// What webhooks made of an object.
struct Mutation {
  std::shared_ptr<Json> object;  ///< null: it is as it was
  std::vector<std::string> warnings;
};

/// What this works with; all outlive it.
struct WebhookParts {
  Store& store;
  const KindRegistry& kinds;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  WebhookClient& client;
};

/// All configured webhooks.
class Webhooks {
 public:
  explicit Webhooks(const WebhookParts& parts);
  ~Webhooks();

  /// The name of the first webhook whose rules speak of such a write; empty when there is none.
  /// Selectors are not looked at.
  std::string first_concerned(const WebhookSubject& subject) const;

  /// The object after all mutating webhooks. Errors: a denial, or InternalError of a webhook that
  /// must not fail.
  Result<Mutation> mutate(const AdmissionAttempt& attempt) const;
  /// Success when every validating webhook allows it. Errors: as mutate.
  Status validate(const AdmissionAttempt& attempt, std::vector<std::string>& warnings) const;

 private:
  struct Table;
  struct Round;
  std::shared_ptr<const Table> table() const;
  void load();
  bool selects(const Webhook& webhook, const AdmissionAttempt& attempt) const;
  Result<WebhookVerdict> ask(const Webhook& webhook, const AdmissionAttempt& attempt,
                             const ResourceType& shown, Duration deadline) const;
  Result<bool> meets_conditions(const Webhook& webhook, const AdmissionAttempt& attempt,
                                const Json& request) const;
  Result<WebhookVerdict> call(const Webhook& webhook, const AdmissionAttempt& attempt, Json request,
                              Duration deadline) const;
  Status mutate_with(const Webhook& webhook, const AdmissionAttempt& attempt, Round& round) const;

  const WebhookParts parts_;
  int subscription_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Table> table_;
};

/// True for the kinds that configure webhooks.
bool is_webhook_configuration(const ResourceType& type);

}  // namespace charter
