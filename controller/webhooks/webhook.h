#pragma once

#include "controller/base/clock.h"
#include "controller/object/admit.h"
#include "controller/object/kind_registry.h"
#include "controller/object/labels.h"
#include "controller/webhooks/match_conditions.h"

#include <string>
#include <string_view>
#include <vector>

// One admission webhook of a user, as its configuration describes it
// (admissionregistration.k8s.io/v1), and which writes it asks to judge. Pure.
namespace charter {

/// Whether a webhook may change what it is shown, or only refuse it.
enum class WebhookRole { Mutating, Validating };

/// Where a webhook listens and how its host is known.
struct WebhookTarget {
  std::string url;     ///< https
  std::string ca_pem;  ///< empty: the certificates that the machine trusts
  auto operator<=>(const WebhookTarget&) const = default;
};

/// Which writes a webhook is called for; "*" stands for all.
struct WebhookRule {
  std::vector<std::string> operations, groups, versions;
  std::vector<std::string> resources;  ///< "widgets", "widgets/status", "widgets/*", "*/scale" …
  std::string scope;                   ///< "*", "Cluster" or "Namespaced"
};

/// What a request without an answer means.
enum class WebhookFailure { Refuse, Ignore };

/// One webhook.
struct Webhook {
  WebhookRole role = WebhookRole::Validating;
  std::string configuration;  ///< name of the object it stands in
  std::string name;
  WebhookTarget target;
  Duration timeout{};
  std::vector<WebhookRule> rules;
  Selector namespaces;
  Selector objects;
  WebhookFailure failure = WebhookFailure::Refuse;
  bool equivalent = true;      ///< matchPolicy: also for other versions of a resource that it names
  MatchConditions conditions;  ///< looked at when rules and selectors have said yes
  bool reinvoked = false;      ///< called again when a later one has changed the object
  /// Why it cannot be called as it stands in the store; empty: it can. Its failure policy decides.
  std::string fault;
};

/// The part of a write that rules speak of.
struct WebhookSubject {
  const ResourceType& type;
  std::string_view subresource;
  AdmitRequest::Operation operation;
};

/// The webhooks of a stored configuration, in its order.
std::vector<Webhook> read_webhooks(WebhookRole role, const Json& configuration);

/// The word of an operation in rules and reviews: CREATE, UPDATE, DELETE.
const char* operation_word(AdmitRequest::Operation operation);

/// True when a rule of `webhook` names this very version of the resource.
bool names(const Webhook& webhook, const WebhookSubject& subject);

}  // namespace charter
