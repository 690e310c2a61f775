#include "controller/cli/cluster_definitions.h"

#include "controller/base/check.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace charter {
namespace {

const Gvr kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
const Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
const Gvr kClusterRoleBindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings"};

Error named(const std::string& name, Error error) {
  error.message = name + ": " + error.message;
  return error;
}

// What people added beside `members` (labels, annotations) stays.
Status put(Client& client, const Gvr& resource, const Json& wanted,
           std::initializer_list<const char*> members) {
  const std::string name = text_at(wanted, {"metadata", "name"});
  const auto current = client.get(resource, {"", name});
  if (!current && current.error().code != Code::NotFound) return named(name, current.error());
  if (!current) {
    auto made = client.create(resource, wanted);
    return made ? Status() : Status(named(name, made.error()));
  }
  Json next = (*current)->tree();
  bool changed = false;
  for (const char* member : members) {
    if (!wanted.contains(member)) continue;
    changed = changed || !next.contains(member) || next[member] != wanted[member];
    next[member] = wanted[member];
  }
  if (!changed) return {};
  auto written = client.update(resource, next, Part::Main);
  return written ? Status() : Status(named(name, written.error()));
}

bool is_established(const Json& definition) {
  const Json* conditions = at(definition, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const Json& condition : *conditions) {
    if (text_at(condition, {"type"}) == "Established")
      return text_at(condition, {"status"}) == "True";
  }
  return false;
}

bool serves(const Json& definition, const std::string& version) {
  const Json* versions = at(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return false;
  for (const Json& served : *versions) {
    if (text_at(served, {"name"}) == version) return flag_at(served, {"served"}, false);
  }
  return false;
}

std::string stored_version(const Json& definition) {
  const Json* versions = at(definition, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array()) return {};
  for (const Json& version : *versions) {
    if (flag_at(version, {"storage"}, false)) return text_at(version, {"name"});
  }
  return {};
}

}  // namespace

Status install_definitions(Client& client, std::span<const embedded::File> definitions,
                           std::span<const embedded::File> roles) {
  for (const embedded::File& file : definitions) {
    CHARTER_TRY_ASSIGN(const Json tree, parse_yaml(file.text));
    CHARTER_TRY(put(client, kDefinitions, tree, {"spec"}));
  }
  for (const embedded::File& file : roles) {
    CHARTER_TRY_ASSIGN(const auto documents, parse_yaml_stream(file.text));
    for (const Json& document : documents) {
      const bool binds = text_at(document, {"kind"}) == "ClusterRoleBinding";
      CHARTER_TRY(put(client, binds ? kClusterRoleBindings : kClusterRoles, document,
                      {"rules", "aggregationRule", "subjects"}));
    }
  }
  return {};
}

Status check_definitions(Client& client, std::span<const embedded::File> definitions) {
  std::string missing, waiting;
  for (const embedded::File& file : definitions) {
    CHARTER_TRY_ASSIGN(const Json wanted, parse_yaml(file.text));
    const std::string name = text_at(wanted, {"metadata", "name"});
    const auto found = client.get(kDefinitions, {"", name});
    if (!found && found.error().code != Code::NotFound) return named(name, found.error());
    const Json tree = found ? (*found)->tree() : Json::object();
    if (!found || !serves(tree, stored_version(wanted))) {
      missing += (missing.empty() ? "" : ", ") + name;
    } else if (!is_established(tree)) {
      waiting += (waiting.empty() ? "" : ", ") + name;
    }
  }
  if (!missing.empty()) {
    return Error{Code::NotFound,
                 "the cluster lacks definitions of this program: " + missing +
                     "; `charter crds | kubectl apply --server-side -f -` installs them, or "
                     "--install-crds"};
  }
  if (!waiting.empty()) return Error{Code::ServiceUnavailable, "not established yet: " + waiting};
  return {};
}

Command definitions_command(const Product& product) {
  Command command;
  command.name = "crds";
  command.summary = "Print the CustomResourceDefinitions and ClusterRoles, for kubectl apply";
  command.example = "charter crds | kubectl apply --server-side -f -";
  command.run = [&product](const CommandInput&) {
    for (const auto& files : {product.definitions, product.roles}) {
      for (const embedded::File& file : files) {
        const auto documents = parse_yaml_stream(file.text);
        CHECK_MSG(documents.has_value(), file.name);
        for (const Json& document : *documents)
          std::printf("---\n%s", to_yaml(document).c_str());
      }
    }
    return 0;
  };
  return command;
}

}  // namespace charter
