#include "controller/cli/rehearsal.h"

#include "controller/base/limits.h"
#include "controller/object/merge_diff.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace charter {
namespace {

using DocumentOutcome = RehearsedDocument::Outcome;

// Between the two settled states, so that a moment noted in one differs from the same in the other.
constexpr Duration kBetween = std::chrono::seconds(1);

ObjectName name_of(const Json& document) {
  return {text_at(document, {"metadata", "namespace"}), text_at(document, {"metadata", "name"})};
}

std::tuple<std::string, ObjectName> identity_of(const Json& document) {
  return {text_at(document, {"kind"}), name_of(document)};
}

// They say that something happened, or who leads: no part of a plan.
bool is_passing(const ResourceType& type) {
  return type.kind == "Event" || type.kind == "Lease";
}

WriteOptions as_kubectl() {
  WriteOptions options;
  options.caller.user = "charter-plan";
  options.caller.groups = {"system:masters"};
  options.field_manager = "kubectl";
  options.validation = FieldValidation::Strict;
  return options;
}

// The annotation that kubectl adds to what it sends, in its own form.
void note_applied(Json& document) {
  Json& annotations = document["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = Json::object();
  annotations.erase(kLastAppliedAnnotation);
  const std::string applied = encode(document) + "\n";
  document["metadata"]["annotations"][kLastAppliedAnnotation] = applied;
}

std::string explain(const Error& error) {
  return std::string(reason_word(error.code)) + ": " + error.message;
}

}  // namespace

Rehearsal::Rehearsal(const Product& product, Instant now) : product_(product), clock_(now) {}
Rehearsal::~Rehearsal() = default;

Result<std::unique_ptr<Rehearsal>> Rehearsal::open(const Product& product, Instant now,
                                                   const std::vector<Json>& objects) {
  std::unique_ptr<Rehearsal> made(new Rehearsal(product, now));
  StoreOptions options;
  options.mode = WriterMode::Inline;
  CHARTER_TRY_ASSIGN(made->plane_,
                     ControlPlane::open({product, made->clock_, made->random_, made->metrics_},
                                        std::move(options)));
  CHARTER_TRY(made->seed(objects));
  CHARTER_TRY(made->plane_->install([&](Manager& manager) {
    return product.planning.add_controllers(manager, made->clock_, objects);
  }));
  return made;
}

// Definitions first: they say what kinds the rest is of.
Status Rehearsal::seed(const std::vector<Json>& objects) {
  const auto is_definition = [](const Json& object) {
    return text_at(object, {"kind"}) == "CustomResourceDefinition";
  };
  for (const Json& object : objects) {
    if (!is_definition(object)) continue;
    CHARTER_TRY(plane_->kinds().define(object, KindRegistry::Origin::Definition));
    CHARTER_TRY(seed_object(object));
  }
  for (const Json& object : objects) {
    if (!is_definition(object)) CHARTER_TRY(seed_object(object));
  }
  return {};
}

// Past admission, because it happened already: status, uid and finalizers are the real ones.
Status Rehearsal::seed_object(const Json& object) {
  const ResourceTypePtr type = type_of(object);
  if (!type) {
    return Error{Code::Invalid, text_at(object, {"kind"}) + " of " +
                                    text_at(object, {"apiVersion"}) +
                                    ": the server has this kind, this program does not know it"};
  }
  Write write;
  write.key = {type->bucket(), name_of(object)};
  write.object =
      Encoded::make(object, 0, index_of(plane_->kinds(), product_.hooks, type->bucket(), object));
  auto committed = plane_->store().commit(std::move(write));
  if (committed) return {};
  Error error = std::move(committed.error());
  error.message = type->kind + " " + to_string(name_of(object)) + ": " + error.message;
  return error;
}

Result<std::vector<Json>> Rehearsal::settled() {
  Manager& manager = plane_->manager();
  const Duration horizon = clock_.monotonic() + limits::kPlanHorizon;
  for (size_t steps = 0;;) {
    const Settled rest = manager.settle(limits::kPlanStepsMax - steps);
    steps += rest.steps;
    if (!rest.quiet) return Error{Code::Timeout, "the rehearsed controllers do not come to rest"};
    const auto due = manager.next_due();
    if (!due || *due > horizon) break;
    clock_.advance(std::max(*due - clock_.monotonic(), Duration(1)));
  }
  clock_.advance(kBetween);
  std::vector<Json> objects;
  const auto table = plane_->kinds().table();
  for (const auto& type : table->all()) {
    if (!type->storage || is_passing(*type)) continue;
    plane_->store().view().scan(type->bucket(), "", [&](const ObjectPtr& object) {
      objects.push_back(object->tree());
      return true;
    });
  }
  std::sort(objects.begin(), objects.end(),
            [](const Json& a, const Json& b) { return identity_of(a) < identity_of(b); });
  return objects;
}

ResourceTypePtr Rehearsal::type_of(const Json& document) const {
  const auto table = plane_->kinds().table();
  const ResourceType* found =
      table->find_kind(text_at(document, {"apiVersion"}), text_at(document, {"kind"}));
  return found == nullptr ? nullptr : ResourceTypePtr(table, found);
}

RehearsedDocument Rehearsal::apply(const Manifest& manifest, const std::string& ns) {
  RehearsedDocument answer{.source = manifest.source,
                           .kind = text_at(*manifest.tree, {"kind"}),
                           .name = name_of(*manifest.tree)};
  const auto refuse = [&](std::string why) {
    answer.outcome = DocumentOutcome::Refused;
    answer.message = std::move(why);
    return answer;
  };
  const ResourceTypePtr type = type_of(*manifest.tree);
  if (!type) {
    return refuse("no kind \"" + answer.kind + "\" in version \"" +
                  text_at(*manifest.tree, {"apiVersion"}) + "\" is served");
  }
  if (answer.name.name.empty()) return refuse("metadata.name: required value");
  Json document = *manifest.tree;
  if (type->namespaced && answer.name.ns.empty()) answer.name.ns = ns;
  if (type->namespaced) document["metadata"]["namespace"] = answer.name.ns;
  document["metadata"].erase("resourceVersion");  // counted differently here
  const ObjectPtr live = plane_->store().get(type->bucket(), answer.name);
  const Json before = live ? live->tree() : Json();
  auto written = write(type, answer.name, live ? &before : nullptr, std::move(document));
  if (!written) return refuse(explain(written.error()));
  answer.warnings = std::move(written->warnings);
  if (!live) {
    answer.outcome = DocumentOutcome::Created;
  } else if (written->object->header().version != live->header().version) {
    answer.outcome = DocumentOutcome::Changed;
  }
  return answer;
}

Result<Written> Rehearsal::write(const ResourceTypePtr& type, const ObjectName& name,
                                 const Json* live, Json document) {
  std::optional<Result<Written>> answer;
  const auto done = [&answer](Result<Written> written) { answer = std::move(written); };
  ResourceVerbs& verbs = plane_->api().verbs();
  if (live == nullptr) {
    verbs.create(type, name.ns, std::move(document), as_kubectl(), done);
    return std::move(*answer);
  }
  const std::string last = text_at(*live, {"metadata", "annotations", kLastAppliedAnnotation});
  const auto original = last.empty() ? Result<Json>(Error{}) : parse_json(last);
  if (original) {
    note_applied(document);
    return merge_into(type, name, three_way_merge_patch(*original, document, *live));
  }
  verbs.patch(type, name, PatchType::Apply, std::move(document), Force::Yes, "", as_kubectl(),
              done);
  return std::move(*answer);
}

Result<Written> Rehearsal::merge_into(const ResourceTypePtr& type, const ObjectName& name,
                                      Json patch) {
  std::optional<Result<Written>> answer;
  plane_->api().verbs().patch(type, name, PatchType::MergePatch, std::move(patch), Force::No, "",
                              as_kubectl(),
                              [&answer](Result<Written> written) { answer = std::move(written); });
  return std::move(*answer);
}

Status Rehearsal::merge(const Json& patch) {
  const ResourceTypePtr type = type_of(patch);
  if (!type) return Error{Code::NotFound, "no such kind: " + text_at(patch, {"kind"})};
  CHARTER_TRY(merge_into(type, name_of(patch), patch));
  return {};
}

namespace {

std::vector<RehearsedDocument> apply_all(Rehearsal& rehearsal, const RehearsalRequest& request) {
  std::vector<RehearsedDocument> documents;
  for (const Manifest& manifest : request.manifests)
    documents.push_back(rehearsal.apply(manifest, request.ns));
  // Each round takes one refused document at least, or is the last.
  for (bool taken = request.order == Order::AsNeeded; taken;) {
    taken = false;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (documents[i].outcome != DocumentOutcome::Refused) continue;
      documents[i] = rehearsal.apply(request.manifests[i], request.ns);
      taken = taken || documents[i].outcome != DocumentOutcome::Refused;
    }
  }
  return documents;
}

}  // namespace

Result<Rehearsed> rehearse(const Product& product, Instant now, const RehearsalRequest& request) {
  CHARTER_TRY_ASSIGN(const auto rehearsal, Rehearsal::open(product, now, request.objects));
  Rehearsed seen;
  CHARTER_TRY_ASSIGN(seen.before, rehearsal->settled());
  seen.documents = apply_all(*rehearsal, request);
  std::set<std::tuple<std::string, ObjectName>> ours;
  for (const auto& document : seen.documents)
    ours.insert({document.kind, document.name});
  CHARTER_TRY_ASSIGN(seen.after, rehearsal->settled());
  if (request.consent == Consent::Wait) return seen;
  bool given = false;
  for (const Json& consent : product.planning.consents(seen.after)) {
    if (!ours.contains(identity_of(consent))) continue;
    CHARTER_TRY(rehearsal->merge(consent));
    given = true;
  }
  if (given) {
    CHARTER_TRY_ASSIGN(seen.after, rehearsal->settled());
  }
  return seen;
}

}  // namespace charter
