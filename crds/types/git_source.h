#pragma once

#include "crds/types/view.h"

// Typed view of crds/gitsource.yaml.
namespace charter {

/// What becomes of changes that somebody else makes to applied fields.
enum class DriftAnswer { Revert, Report };
constexpr std::array<std::string_view, 2> words(DriftAnswer) {
  return {"Revert", "Report"};
}

/// Whose way of telling of pushes is understood.
enum class PushSender { GitHub, GitLab, Gitea };
constexpr std::array<std::string_view, 3> words(PushSender) {
  return {"GitHub", "GitLab", "Gitea"};
}

/// A directory of a Git repository that is kept applied.
struct GitSource {
  struct Reference {
    std::string branch, tag, semver, commit;  ///< at most one is set
    static void fields(auto& f, auto& s) {
      f("branch", s.branch);
      f("tag", s.tag);
      f("semver", s.semver);
      f("commit", s.commit);
    }
    bool operator==(const Reference&) const = default;
  };
  struct Verify {
    NamespacedRef secret;
    static void fields(auto& f, auto& s) { f.required("secretRef", s.secret); }
    bool operator==(const Verify&) const = default;
  };
  /// Who may say that somebody pushed.
  struct Receiver {
    PushSender type = PushSender::GitHub;
    NamespacedRef secret;
    static void fields(auto& f, auto& s) {
      f.required("type", s.type);
      f.required("secretRef", s.secret);
    }
    bool operator==(const Receiver&) const = default;
  };
  struct Spec {
    std::string url;
    Reference reference;
    std::string path;
    Duration interval = std::chrono::minutes(1);
    Duration timeout = std::chrono::minutes(1);
    std::optional<NamespacedRef> secret;
    std::optional<Verify> verify;
    NamespacedRef service_account;
    bool prune = false;
    bool force = false;
    DriftAnswer drift_policy = DriftAnswer::Revert;
    std::vector<NameRef> depends_on;
    std::optional<Receiver> receiver;
    bool suspend = false;
    static void fields(auto& f, auto& s) {
      f.required("url", s.url);
      f("ref", s.reference);
      f("path", s.path);
      f("interval", s.interval);
      f("timeout", s.timeout);
      f("secretRef", s.secret);
      f("verify", s.verify);
      f.required("serviceAccount", s.service_account);
      f("prune", s.prune);
      f("force", s.force);
      f("driftPolicy", s.drift_policy);
      f("dependsOn", s.depends_on);
      f("receiver", s.receiver);
      f("suspend", s.suspend);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Commit {
    std::string id;
    std::string author;
    std::string message;  ///< first line
    std::optional<Instant> time;
    std::string signer;
    static void fields(auto& f, auto& s) {
      f.required("id", s.id);
      f("author", s.author);
      f("message", s.message);
      f("time", s.time);
      f("signer", s.signer);
    }
    bool operator==(const Commit&) const = default;
  };
  /// An object that the source applies.
  struct Entry {
    std::string api_version, kind, ns, name;
    bool adopted = false;  ///< was there before; never pruned
    static void fields(auto& f, auto& s) {
      f.required("apiVersion", s.api_version);
      f.required("kind", s.kind);
      f("namespace", s.ns);
      f.required("name", s.name);
      f("adopted", s.adopted);
    }
    bool operator==(const Entry&) const = default;
  };
  /// An applied object that is not ready.
  struct Unready {
    std::string api_version, kind, ns, name;
    std::string reason, message;
    static void fields(auto& f, auto& s) {
      f.required("apiVersion", s.api_version);
      f.required("kind", s.kind);
      f("namespace", s.ns);
      f.required("name", s.name);
      f("reason", s.reason);
      f("message", s.message);
    }
    bool operator==(const Unready&) const = default;
  };
  /// Where pushes are received.
  struct ReceiverPlace {
    std::string path;
    static void fields(auto& f, auto& s) { f.required("path", s.path); }
    bool operator==(const ReceiverPlace&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    std::optional<Commit> last_attempted;
    std::optional<Commit> last_applied;
    int64_t applied_generation = 0;
    std::optional<Instant> applied_time;
    std::optional<ReceiverPlace> receiver;
    std::vector<Entry> inventory;
    std::vector<Unready> not_ready;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("lastAttempted", s.last_attempted);
      f("lastApplied", s.last_applied);
      f("appliedGeneration", s.applied_generation);
      f("appliedTime", s.applied_time);
      f("receiver", s.receiver);
      f("inventory", s.inventory);
      f("notReady", s.not_ready);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<GitSource> read_git_source(const Json& object);
Json spec_json(const GitSource::Spec& spec);
Json status_json(const GitSource::Status& status);

}  // namespace charter
