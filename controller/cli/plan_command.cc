#include "controller/cli/plan_command.h"

#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/cli/git_manifests.h"
#include "controller/cli/rehearsal.h"
#include "controller/runtime/command_server.h"
#include "controller/runtime/rest_pages.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <optional>
#include <set>

namespace charter {
namespace {

constexpr int kNothingToDo = 0;
constexpr int kFailed = 1;
constexpr int kChanges = 2;

const std::map<std::string, PlanForm> kForms = {{"text", PlanForm::ForPeople},
                                                {"json", PlanForm::ForPrograms},
                                                {"markdown", PlanForm::ForReviews}};

// The product's own kinds, and of the built-in ones those that its reconcilers or its manifests
// use.
std::set<Gvr> listed_kinds(const Product& product) {
  std::set<Gvr> kinds = {{"apiextensions.k8s.io", "v1", "customresourcedefinitions"},
                         {"", "v1", "namespaces"},
                         {"", "v1", "secrets"},
                         {"", "v1", "configmaps"},
                         {"", "v1", "serviceaccounts"}};
  KindRegistry registry;
  define_embedded(registry, product.definitions, KindRegistry::Origin::Definition);
  for (const auto& type : registry.table()->all()) {
    if (type->storage) kinds.insert(type->gvr);
  }
  return kinds;
}

Status list_all(RestTransport& server, const Gvr& kind, std::vector<Json>& objects) {
  const size_t before = objects.size();
  PageReader reader;
  reader.get = [&server](const std::string& query) { return server.get(query); };
  reader.begin = [&] {
    objects.erase(objects.begin() + static_cast<ptrdiff_t>(before), objects.end());
  };
  reader.take = [&](Json& page) -> Status {
    for (Json& item : page["items"])
      objects.push_back(std::move(item));
    return {};
  };
  return read_pages(reader, kind, "");
}

/// The kinds of `documents` that are not among `listed`, as the server's definitions describe them:
/// without their objects a plan would call everything new.
std::set<Gvr> further_kinds(const std::vector<const Json*>& documents, const std::set<Gvr>& listed,
                            const std::vector<Json>& objects) {
  KindRegistry registry;
  define_embedded(registry, embedded::builtin_kinds(), KindRegistry::Origin::Builtin);
  for (const Json& object : objects) {
    // One that this program cannot define is told of when the rehearsal meets it.
    if (text_at(object, {"kind"}) == "CustomResourceDefinition")
      (void)registry.define(object, KindRegistry::Origin::Definition);
  }
  std::set<Gvr> wanted;
  const auto table = registry.table();
  for (const Json* document : documents) {
    const ResourceType* type =
        table->find_kind(text_at(*document, {"apiVersion"}), text_at(*document, {"kind"}));
    if (type != nullptr && !listed.contains(type->gvr)) wanted.insert(type->gvr);
  }
  return wanted;
}

Result<std::vector<Json>> read_server(RestTransport& server, const Product& product,
                                      const std::vector<Manifest>& manifests,
                                      const std::optional<DocumentOrigin>& origin) {
  std::vector<Json> objects;
  const auto read = [&](const std::set<Gvr>& kinds) -> Status {
    for (const Gvr& kind : kinds) {
      const Status listed = list_all(server, kind, objects);
      // A cluster on which Charter is not installed yet serves none of its kinds.
      if (!listed && listed.error().code != Code::NotFound) return Error(listed.error());
    }
    return {};
  };
  const auto known = listed_kinds(product);
  CHARTER_TRY(read(known));
  std::vector<const Json*> documents;
  for (const Manifest& manifest : manifests)
    documents.push_back(manifest.tree.get());
  std::vector<Json> more;
  if (origin && product.planning.further_kinds)
    more = product.planning.further_kinds(*origin, objects);
  for (const Json& document : more)
    documents.push_back(&document);
  CHARTER_TRY(read(further_kinds(documents, known, objects)));
  return objects;
}

Result<PlanReport> make_plan(const Product& product, const CommandInput& input) {
  const std::string& form = input.flag("output");
  const auto known = kForms.find(form);
  if (known == kForms.end())
    return Error{Code::Invalid, "--output " + form + ": expected text, json or markdown"};
  RehearsalRequest request;
  std::optional<DocumentOrigin> origin;
  if (input.flag("git").empty() == input.flag("filename").empty())
    return Error{Code::Invalid, "expected either -f FILE or --git URL"};
  if (input.flag("git").empty()) {
    CHARTER_TRY(refuse_git_flags(input));
    CHARTER_TRY_ASSIGN(request.manifests, read_manifests(input.flag("filename")));
  } else {
    CHARTER_TRY_ASSIGN(auto read, read_git_manifests(input));
    request.manifests = std::move(read.manifests);
    request.order = Order::AsNeeded;
    origin = std::move(read.origin);
  }
  CHARTER_TRY_ASSIGN(const CommandServer server, open_server(input));
  request.ns = input.flag("namespace").empty() ? server.ns : input.flag("namespace");
  request.consent = input.flag("accept-offers") == "true" ? Consent::Give : Consent::Wait;
  std::fprintf(stderr, "charter plan: reading %s\n", server.transport->server().c_str());
  CHARTER_TRY_ASSIGN(request.objects,
                     read_server(*server.transport, product, request.manifests, origin));
  std::fprintf(stderr, "charter plan: rehearsing %zu documents on a copy of %zu objects\n",
               request.manifests.size(), request.objects.size());
  CHARTER_TRY_ASSIGN(Rehearsed seen, rehearse(product, SystemClock().now(), request));
  seen.origin = std::move(origin);
  return product.planning.report(seen, known->second);
}

int plan(const Product& product, const CommandInput& input) {
  set_log_level(LogLevel::Error);  // what the rehearsed controllers log is no news of the server
  const auto report = make_plan(product, input);
  if (!report) {
    std::fprintf(stderr, "charter plan: %s\n", report.error().message.c_str());
    return kFailed;
  }
  std::fputs(report->text.c_str(), stdout);
  if (report->refused) return kFailed;
  return report->changes ? kChanges : kNothingToDo;
}

}  // namespace

Command plan_command(const Product& product) {
  Command command;
  command.name = "plan";
  command.summary =
      "Print what applying manifests would do and cost, without changing anything: what is "
      "created, changed in "
      "place, restarted, replaced or destroyed, where it is placed, its price per month, and what "
      "it waits for";
  command.example =
      "charter plan -f manifests/quickstart --kubeconfig ./data/kubeconfig\n"
      "  charter plan -f manifests/quickstart --accept-offers     # as if its offers were "
      "accepted\n"
      "  charter plan -f contract.yaml --output json\n"
      "  charter plan --git https://git.example.org/platform/capacity.git --ref more-machines "
      "--path prod \\\n"
      "    --git-token-file /run/secrets/token -o markdown    # what a branch would do, before it "
      "is "
      "merged\n"
      "  charter plan --git git@git.example.org:platform/capacity.git --git-ssh-key ~/.ssh/deploy "
      "\\\n"
      "    --git-known-hosts ~/.ssh/known_hosts\n"
      "Exit codes: 0 nothing would change, 2 something would, 1 refused or failed";
  command.flags = {
      {.name = "filename", .help = "File, or directory of *.yaml, *.yml and *.json", .letter = "f"},
      {.name = "namespace",
       .help = "For documents without one; default: the context's",
       .letter = "n"},
      {.name = "accept-offers",
       .help = "Go on as if the offers that these contracts get were accepted",
       .kind = CommandFlag::Kind::Switch},
      {.name = "output",
       .help = "text, json, or markdown (for a comment on a change request)",
       .fallback = "text",
       .letter = "o"}};
  for (auto& flag : server_flags())
    command.flags.push_back(std::move(flag));
  add_git_flags(command.flags);
  command.run = [&product](const CommandInput& input) { return plan(product, input); };
  return command;
}

}  // namespace charter
