#include "controller/api/rbac_cover.h"
#include "controller/api/rbac_table.h"
#include "controller/api/rbac_validate.h"
#include "controller/base/limits.h"
#include "tests/fuzz/fuzz_input.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// Whatever a role says: what its holder may do is covered by his own rules, and nothing that is not
// covered can be given away.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace charter;
  const auto [first, second] = fuzz::two_of(bytes, size);
  const auto role = parse_json(first);
  const auto other = parse_json(second);
  if (!role || !other || !role->is_object() || !other->is_object()) return 0;
  ResourceType type;
  type.builtin = true;
  type.gvr.group = "rbac.authorization.k8s.io";
  for (const char* kind : {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}) {
    type.kind = kind;
    type.namespaced = type.kind.starts_with("Role");
    Json complete = *role;
    std::vector<Cause> causes;
    complete_rbac(type, complete);
    check_rbac(type, complete, nullptr, causes);
  }
  const auto held = read_rules(*role);
  const auto wanted = read_rules(*other);
  const auto own = missing_rules(held, held);
  CHECK(!own || own->empty());
  RbacCompiler compiler;
  compiler.put("clusterroles", {"", "r"}, &*role);
  const Json binding = {{"metadata", {{"name", "b"}}},
                        {"roleRef", {{"kind", "ClusterRole"}, {"name", "r"}}},
                        {"subjects", {{{"kind", "User"}, {"name", "u"}}}}};
  compiler.put("clusterrolebindings", {"", "b"}, &binding);
  const auto table = compiler.compile();
  Caller user;
  user.user = "u";
  const auto missing = missing_rules(held, wanted);
  for (const PolicyRule& rule : wanted) {
    if (!missing || !missing->empty() || rule.verbs.empty() || rule.api_groups.empty() ||
        rule.resources.empty())
      continue;
    // All is covered: a request that the wanted rule allows is allowed by the held ones.
    AccessRequest request;
    request.verb = rule.verbs.front();
    request.group = rule.api_groups.front();
    request.resource = rule.resources.front();
    const size_t slash = request.resource.find('/');
    if (slash != std::string::npos) {
      request.subresource = request.resource.substr(slash + 1);
      request.resource.resize(slash);
    }
    if (!rule.resource_names.empty()) request.name = rule.resource_names.front();
    if (allows(rule, request)) CHECK(table->find_grant(user, request));
  }
  return 0;
}
