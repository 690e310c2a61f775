#include "reconcilers/git_source/look.h"

#include "controller/base/base64.h"
#include "controller/object/conditions.h"
#include "controller/runtime/caches.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/git_source/dependencies.h"
#include "reconcilers/git_source/documents.h"
#include "reconcilers/git_source/guards.h"
#include "reconcilers/git_source/limits.h"
#include "reconcilers/git_source/receiver.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter::git_source {
namespace {

std::string annotation(const Meta& meta, std::string_view key) {
  for (const auto& [name, value] : meta.annotations) {
    if (name == key) return value;
  }
  return {};
}

/// The values of a Secret, decoded.
Result<std::map<std::string, std::string>> secret_values(Client& client, const NamespacedRef& ref) {
  const auto secret = client.get(kinds::secrets(), {ref.ns, ref.name});
  if (!secret) {
    return Error{Code::NotFound,
                 "secret " + ref.ns + "/" + ref.name + ": " + secret.error().message,
                 "ReferenceNotFound"};
  }
  std::map<std::string, std::string> values;
  const Json tree = (*secret)->tree();
  const Json* data = at(tree, {"data"});
  if (data == nullptr || !data->is_object()) return values;
  for (const auto& [key, value] : data->items()) {
    const auto decoded = value.is_string() ? decode_base64(value.get<std::string>()) : std::nullopt;
    if (decoded) values[key] = *decoded;
  }
  return values;
}

Result<GitCredentials> credentials_from(const std::map<std::string, std::string>& values,
                                        const NamespacedRef& ref) {
  bool any = false;
  const auto value = [&](const char* key) {
    const auto found = values.find(key);
    any |= found != values.end();
    return found == values.end() ? std::string() : found->second;
  };
  GitCredentials out;
  out.username = value("username");
  out.password = value("password");
  if (out.password.empty()) out.password = value("token");
  out.private_key = value("identity");
  out.known_hosts = value("known_hosts");
  out.ca_bundle = value("ca.crt");
  if (any) return out;
  return Error{Code::Invalid,
               "secret " + ref.ns + "/" + ref.name +
                   " has none of the keys username, password, token, identity, known_hosts, ca.crt",
               "InvalidCredentials"};
}

// What a reader says of a remote may be mended there, whatever it is: looked at again with delays.
Error fetch_failed(Error error) {
  const bool ours = error.reason == kGitInvalid;
  error.code = ours ? Code::Invalid : Code::ServiceUnavailable;
  error.reason = ours ? "InvalidSpec" : "FetchFailed";
  return error;
}

// A commit that cannot be read as manifests is as wrong as one whose manifests are refused.
bool is_about_commit(const Error& error) {
  return error.reason == kGitTooLarge || error.reason == kGitHostileTree ||
         error.reason == kGitNotSigned;
}

// What a server writes by itself is no part of what is applied.
Json bare(Json tree) {
  tree.erase("status");
  for (const char* key :
       {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"})
    tree["metadata"].erase(key);
  return tree;
}

/// What the source made itself: fields of it that somebody else changed are still the source's.
std::set<ManifestTarget> created_by(const GitSource& source) {
  std::set<ManifestTarget> out;
  for (const auto& entry : source.status.inventory) {
    if (!entry.adopted) out.insert(target_of(entry));
  }
  return out;
}

std::vector<std::string> depends_on(const ObjectPtr& object) {
  std::vector<std::string> names;
  if (!object) return names;
  const Json tree = object->tree();
  const Json* others = at(tree, {"spec", "dependsOn"});
  if (others == nullptr || !others->is_array()) return names;
  for (const Json& other : *others)
    names.push_back(text_at(other, {"name"}));
  return names;
}

Histogram& read_histogram(Metrics& metrics, const char* result) {
  return metrics.histogram("charter_gitsource_fetch_duration_seconds",
                           "Time that a look at a repository took, by result.",
                           {0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300}, {{"result", result}});
}

std::optional<GitSource::Unready> unready(const ManifestTarget& target, const ObjectPtr& object) {
  GitSource::Unready out{target.api_version, target.kind, target.name.ns, target.name.name, {}, {}};
  if (!object) {
    out.reason = "NotFound";
    return out;
  }
  const Json tree = object->tree();
  const auto ready = find_condition(tree, "Ready");
  // Only ours always tell: a ConfigMap is ready when it is there.
  if (!ready && target.api_version != kinds::kApiVersion) return std::nullopt;
  if (ready && ready->status == "True") return std::nullopt;
  out.reason = ready ? ready->reason : "Pending";
  out.message = ready ? ready->message : "";
  return out;
}

}  // namespace

Look::Look(const Runtime& rt, const Parts& parts)
    : rt_(rt),
      parts_(parts),
      read_time_(read_histogram(rt.metrics, "success")),
      failed_time_(read_histogram(rt.metrics, "error")) {}

double Look::seconds_since(Duration began) const {
  return std::chrono::duration<double>(rt_.clock.monotonic() - began).count();
}

ApplyAs Look::applies_as(const GitSource& source) {
  const NamespacedRef& account = source.spec.service_account;
  return {{account.ns, account.name},
          field_manager_of(source.meta.name),
          source.spec.force,
          source.spec.drift_policy == DriftAnswer::Revert ? created_by(source)
                                                          : std::set<ManifestTarget>()};
}

std::shared_ptr<Seen> Look::seen(const GitSource& source) {
  const std::lock_guard lock(mutex_);
  auto& seen = seen_[source.meta.name];
  // Another one may have the name of one that is gone.
  if (!seen || seen->uid != source.meta.uid) {
    if (seen && parts_.pushes) parts_.pushes->forget(seen->uid);
    seen = std::make_shared<Seen>();
    seen->uid = source.meta.uid;
  }
  return seen;
}

void Look::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(name);
  if (found == seen_.end()) return;
  if (parts_.pushes) parts_.pushes->forget(found->second->uid);
  seen_.erase(found);
}

// The reading of Clock::monotonic at which the repository is looked at again.
Duration Look::due_at(const GitSource& source, const Seen& seen) const {
  const bool now = !seen.read || seen.generation != source.meta.generation ||
                   seen.requested != annotation(source.meta, kReconcileRequestedAnnotation);
  if (now) return {};
  const bool pushed = parts_.pushes && parts_.pushes->count(source.meta.uid) != seen.pushes;
  return seen.checked + (pushed ? Duration(kPushPause) : source.spec.interval);
}

std::string Look::receiver_problem_of(const GitSource& source) {
  if (!source.spec.receiver) return {};
  const NamespacedRef& ref = source.spec.receiver->secret;
  const auto secret = rt_.client.get(kinds::secrets(), {ref.ns, ref.name});
  return receiver_problem(source.spec.receiver->type, ref, secret ? *secret : nullptr);
}

Result<GitRequest> Look::request_for(const GitSource& source) {
  GitRequest request;
  request.url = source.spec.url;
  const auto& reference = source.spec.reference;
  request.reference = {reference.branch, reference.tag, reference.semver, reference.commit};
  request.path = source.spec.path;
  request.timeout = std::chrono::duration_cast<std::chrono::seconds>(source.spec.timeout);
  if (source.spec.secret) {
    CHARTER_TRY_ASSIGN(const auto values, secret_values(rt_.client, *source.spec.secret));
    CHARTER_TRY_ASSIGN(request.credentials, credentials_from(values, *source.spec.secret));
  }
  if (source.spec.verify) {
    CHARTER_TRY_ASSIGN(const auto keys, secret_values(rt_.client, source.spec.verify->secret));
    for (const auto& [name, key] : keys)
      request.signers.push_back({name, key});
    if (request.signers.empty()) {
      return Error{Code::NotFound, "the Secret of spec.verify holds no public key",
                   "ReferenceNotFound"};
    }
  }
  return request;
}

Status Look::read(const GitSource& source, Seen& seen) {
  const NamespacedRef& account = source.spec.service_account;
  if (const auto found = rt_.client.get(kinds::service_accounts(), {account.ns, account.name});
      !found) {
    return Error{
        Code::NotFound,
        "service account " + account.ns + "/" + account.name + ": " + found.error().message,
        "ReferenceNotFound"};
  }
  CHARTER_TRY_ASSIGN(const GitRequest request, request_for(source));
  const Duration began = rt_.clock.monotonic();
  const auto fail = [&](Error error) {
    failed_time_.observe(seconds_since(began));
    return fetch_failed(std::move(error));
  };
  auto commit = parts_.reader->resolve(request);
  if (!commit) return fail(std::move(commit.error()));
  const bool known =
      seen.read && seen.commit.id == *commit && seen.generation == source.meta.generation;
  if (known) {
    read_time_.observe(seconds_since(began));
    return {};
  }
  Seen next;
  next.uid = seen.uid;
  next.commit.id = *commit;
  auto tree = parts_.reader->read(request, *commit);
  if (!tree && !is_about_commit(tree.error())) return fail(std::move(tree.error()));
  read_time_.observe(seconds_since(began));
  auto documents =
      !tree ? Result<std::vector<Manifest>>(std::move(tree.error())) : documents_of(*tree);
  if (tree) next.commit = tree->commit;
  if (tree && !tree->path_exists)
    documents = Error{Code::Invalid, "there is no \"" + source.spec.path + "\" in it"};
  if (documents) {
    next.manifests = std::move(*documents);
  } else {
    next.findings.push_back({"", {}, std::move(documents.error())});
  }
  seen = std::move(next);
  return {};
}

Status Look::judge(const GitSource& source, Seen& seen) {
  const auto& applied = source.status.last_applied;
  const bool current = applied && applied->id == seen.commit.id &&
                       source.status.applied_generation == source.meta.generation;
  if (current) return find_drift(source, seen);
  // A commit that could not be read stays so; one that was refused may be allowed by now.
  if (seen.manifests.empty()) return {};
  CHARTER_TRY_ASSIGN(seen.findings, parts_.applier->rehearse(seen.manifests, applies_as(source)));
  return {};
}

Status Look::find_drift(const GitSource& source, Seen& seen) {
  seen.drifted.clear();
  seen.findings.clear();
  ApplyAs who = applies_as(source);
  who.own = created_by(source);  // whether it is reverted or only said
  for (const Manifest& manifest : seen.manifests) {
    const ManifestTarget target = charter::target_of(*manifest.tree);
    const ObjectPtr live = parts_.applier->find(target);
    const int64_t version = live ? live->header().version : 0;
    if (live && seen.as_applied[target] == version) continue;
    auto wanted = parts_.applier->preview(*manifest.tree, who);
    if (!wanted) {
      seen.findings.push_back({manifest.source, target, std::move(wanted.error())});
    } else if (!live || bare(live->tree()) != bare((*wanted)->tree())) {
      seen.drifted.push_back(to_string(target));
    } else {
      seen.as_applied[target] = version;
    }
  }
  return {};
}

Leaving Look::leaving(const GitSource& source, const GitSource::Entry& entry) const {
  Leaving out;
  out.entry = entry;
  const ObjectPtr object = parts_.applier->find(target_of(entry));
  if (!object) {
    out.state = Leaving::State::Gone;
    return out;
  }
  const Json tree = object->tree();
  out.uid = object->header().uid;
  out.why = guard_of(tree);
  if (object->header().deleting) {
    out.state = Leaving::State::Going;
  } else if (!is_still_of(tree, applies_as(source).field_manager)) {
    out.state = Leaving::State::NotOurs;
  } else if (!out.why.empty()) {
    out.state = Leaving::State::Protected;
  }
  return out;
}

void Look::look_at_objects(const GitSource& source, const Seen& seen, Observed& have) const {
  std::set<ManifestTarget> noted;
  for (const auto& entry : source.status.inventory)
    noted.insert(target_of(entry));
  std::set<ManifestTarget> wanted;
  for (const Manifest& manifest : seen.manifests) {
    const ManifestTarget target = charter::target_of(*manifest.tree);
    wanted.insert(target);
    const ObjectPtr object = parts_.applier->find(target);
    have.wanted.push_back({target.api_version, target.kind, target.name.ns, target.name.name,
                           object && !noted.contains(target)});
    if (auto late = unready(target, object)) have.not_ready.push_back(std::move(*late));
  }
  for (const auto& entry : source.status.inventory) {
    if (!wanted.contains(target_of(entry))) have.leaving.push_back(leaving(source, entry));
  }
}

Result<Observed> Look::observe(const GitSource& source) {
  Observed have;
  have.now = rt_.clock.now();
  if (source.spec.suspend) return have;
  have.receiver_problem = receiver_problem_of(source);
  for (const NameRef& other : source.spec.depends_on) {
    const ObjectPtr object = rt_.caches.get(kinds::bucket(kinds::git_sources()), {"", other.name});
    if (!object || !condition_is_true(object->tree(), "Ready"))
      have.waits_for.push_back(other.name);
  }
  if (!have.waits_for.empty()) {
    have.waits_in_circle = cycle_through(source.meta.name, [&](const std::string& name) {
      return depends_on(rt_.caches.get(kinds::bucket(kinds::git_sources()), {"", name}));
    });
    return have;
  }
  const auto seen = this->seen(source);
  if (rt_.clock.monotonic() >= due_at(source, *seen)) {
    // Counted before: what is pushed meanwhile makes one more look.
    const uint64_t pushes = parts_.pushes ? parts_.pushes->count(source.meta.uid) : 0;
    CHARTER_TRY(read(source, *seen));
    CHARTER_TRY(judge(source, *seen));
    seen->read = true;
    seen->pushes = pushes;
    seen->checked = rt_.clock.monotonic();
    seen->generation = source.meta.generation;
    seen->requested = annotation(source.meta, kReconcileRequestedAnnotation);
  }
  have.commit = seen->commit;
  have.findings = seen->findings;
  have.drifted = seen->drifted;
  have.empty_confirmed = annotation(source.meta, kConfirmPrune) == seen->commit.id;
  have.next_check = std::max<Duration>(due_at(source, *seen) - rt_.clock.monotonic(), Duration(1));
  look_at_objects(source, *seen, have);
  return have;
}

}  // namespace charter::git_source
