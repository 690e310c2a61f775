#include "controller/api/rbac_table.h"

#include "controller/base/random.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

/// The documents that both evaluators read.
struct Policy {
  std::vector<Json> roles, bindings;  // a namespace tells Roles from ClusterRoles
};

std::string text(const Json& object, const char* member) {
  return object.contains(member) ? object[member].get<std::string>() : "";
}

/// The second evaluator: walks over everything and shares nothing with the first. Written from the
/// RBAC reference alone.
class Naive {
 public:
  explicit Naive(const Policy& policy) {
    for (const Json& role : policy.roles) {
      Role read{text(role["metadata"], "namespace"), text(role["metadata"], "name"), {}};
      for (const Json& rule : role["rules"]) {
        read.rules.push_back({words(rule, "verbs"), words(rule, "apiGroups"),
                              words(rule, "resources"), words(rule, "resourceNames"),
                              words(rule, "nonResourceURLs")});
      }
      roles_.push_back(std::move(read));
    }
    for (const Json& binding : policy.bindings) {
      const std::string ns = text(binding["metadata"], "namespace");
      const std::string role_ns = text(binding["roleRef"], "kind") == "Role" ? ns : "";
      for (const Json& subject : binding["subjects"]) {
        std::string name = text(subject, "name");
        const bool robot = text(subject, "kind") == "ServiceAccount";
        const std::string of =
            robot && subject.contains("namespace") ? text(subject, "namespace") : ns;
        if (robot && of.empty()) continue;
        if (robot) name = "system:serviceaccount:" + of + ":" + name;
        links_.push_back({ns, text(subject, "kind") == "Group", std::move(name),
                          find(role_ns, text(binding["roleRef"], "name"))});
      }
    }
  }

  bool allowed(const Caller& caller, const AccessRequest& request) const {
    for (const Link& link : links_) {
      if (link.role < 0 || (!link.ns.empty() && link.ns != request.ns)) continue;
      if (link.group ? !has(caller.groups, link.who) : caller.user != link.who) continue;
      for (const Rule& rule : roles_[static_cast<size_t>(link.role)].rules) {
        if (fits(rule, request)) return true;
      }
    }
    return false;
  }

 private:
  using Words = std::vector<std::string>;
  struct Rule {
    Words verbs, groups, resources, names, paths;
  };
  struct Role {
    std::string ns, name;
    std::vector<Rule> rules;
  };
  struct Link {
    std::string ns;
    bool group;
    std::string who;
    int role;
  };

  static Words words(const Json& rule, const char* member) {
    return rule.contains(member) ? rule[member].get<Words>() : Words{};
  }
  static bool has(const Words& list, const std::string& wanted) {
    for (const std::string& entry : list) {
      if (entry == wanted) return true;
    }
    return false;
  }
  static bool fits(const Rule& rule, const AccessRequest& request) {
    if (!has(rule.verbs, "*") && !has(rule.verbs, request.verb)) return false;
    if (request.path) return fits_path(rule.paths, *request.path);
    if (!has(rule.groups, "*") && !has(rule.groups, request.group)) return false;
    const bool whole = request.subresource.empty();
    const std::string full =
        whole ? request.resource : request.resource + "/" + request.subresource;
    if (!has(rule.resources, "*") && !has(rule.resources, full) &&
        (whole || !has(rule.resources, "*/" + request.subresource))) {
      return false;
    }
    return rule.names.empty() || has(rule.names, request.name);
  }
  static bool fits_path(const Words& patterns, const std::string& path) {
    for (const std::string& pattern : patterns) {
      if (pattern == path) return true;
      const size_t size = pattern.size() - 1;
      if (pattern.back() == '*' && path.compare(0, size, pattern, 0, size) == 0) return true;
    }
    return false;
  }
  int find(const std::string& ns, const std::string& name) const {
    for (size_t i = 0; i < roles_.size(); ++i) {
      if (roles_[i].ns == ns && roles_[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }

  std::vector<Role> roles_;
  std::vector<Link> links_;
};

/// Small alphabets, so that random requests often hit.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  size_t below(size_t bound) { return random_below(random_, bound); }
  std::string of(std::initializer_list<const char*> words) {
    return *(words.begin() + below(words.size()));
  }
  std::string verb() { return of({"get", "list", "create", "*", "*"}); }
  std::string group() { return of({"", "shop.dev", "*", "*"}); }
  std::string resource() { return of({"widgets", "racks", "widgets/status", "*/scale", "*", "*"}); }
  std::string name() { return of({"a", "b", "c"}); }
  std::string ns() { return of({"red", "blue", "green"}); }
  std::string user() {
    return of({"ann", "bob", "system:serviceaccount:red:sa", "system:serviceaccount:blue:sa"});
  }
  std::string people() { return of({"dev", "ops", "system:authenticated"}); }
  std::string path() { return of({"/", "/apis", "/apis/x", "/apis/x/y", "/metrics", "/healthz"}); }
  std::string pattern() {
    return of({"*", "/apis/*", "/apis*", "/metrics", "/healthz", "/*", "/apis/x"});
  }

  template <class Make>
  Json list(size_t most, const Make& make) {
    Json out = Json::array();
    for (size_t i = 0, n = 1 + below(most); i < n; ++i)
      out.push_back(make());
    return out;
  }

  Json rule() {
    Json out = {{"verbs", list(2, [this] { return verb(); })}};
    if (below(5) == 0) {
      out["nonResourceURLs"] = list(2, [this] { return pattern(); });
      return out;
    }
    out["apiGroups"] = list(2, [this] { return group(); });
    out["resources"] = list(2, [this] { return resource(); });
    if (below(6) == 0) out["resourceNames"] = list(2, [this] { return name(); });
    return out;
  }

  Json subject() {
    switch (below(4)) {
      case 0:
        return {{"kind", "User"}, {"name", user()}};
      case 1:
        return {{"kind", "Group"}, {"name", people()}};
      case 2:
        return {{"kind", "ServiceAccount"}, {"name", "sa"}, {"namespace", ns()}};
      default:
        return {{"kind", "ServiceAccount"}, {"name", "sa"}};
    }
  }

  AccessRequest request() {
    AccessRequest out;
    out.verb = of({"get", "list", "create", "update"});
    if (below(6) == 0) {
      out.path = path();
      return out;
    }
    out.group = of({"", "shop.dev"});
    out.resource = of({"widgets", "racks"});
    out.subresource = of({"", "", "status", "scale"});
    out.ns = of({"", "red", "blue", "green", "red", "blue", "none"});
    out.name = of({"", "a", "b", "d"});
    return out;
  }

  Caller caller() {
    Caller out;
    out.user =
        of({"ann", "bob", "eve", "system:serviceaccount:red:sa", "system:serviceaccount:blue:sa"});
    for (size_t i = 1 + below(3); i > 0; --i)
      out.groups.push_back(people());
    return out;
  }

 private:
  SeededRandom random_;
};

Policy random_policy(Dice& dice) {
  Policy out;
  const auto object = [](const std::string& ns, const std::string& name) {
    Json made = {{"metadata", {{"name", name}}}};
    if (!ns.empty()) made["metadata"]["namespace"] = ns;
    return made;
  };
  for (size_t i = 0; i < 6; ++i) {
    Json role = object(dice.below(3) > 0 ? "" : dice.ns(), "r" + std::to_string(i));
    role["rules"] = dice.list(3, [&dice] { return dice.rule(); });
    out.roles.push_back(std::move(role));
  }
  for (size_t i = 0; i < 10; ++i) {
    const std::string ns = dice.below(2) == 0 ? "" : dice.ns();
    Json binding = object(ns, "b" + std::to_string(i));
    const bool cluster = ns.empty() || dice.below(3) > 0;
    // r6 and r7 do not exist.
    binding["roleRef"] = {{"kind", cluster ? "ClusterRole" : "Role"},
                          {"name", "r" + std::to_string(dice.below(8))}};
    binding["subjects"] = dice.list(2, [&dice] { return dice.subject(); });
    out.bindings.push_back(std::move(binding));
  }
  return out;
}

void tell(RbacCompiler& compiler, const char* plain, const Json& object, const Json* now) {
  const std::string ns = text(object["metadata"], "namespace");
  const std::string resource = ns.empty() ? std::string("cluster") + plain : plain;
  compiler.put(resource, {ns, text(object["metadata"], "name")}, now);
}
void put(RbacCompiler& compiler, const char* plain, const Json& object) {
  tell(compiler, plain, object, &object);
}
void drop(RbacCompiler& compiler, const char* plain, const Json& object) {
  tell(compiler, plain, object, nullptr);
}

TEST(RbacTable, A_million_random_questions_are_answered_as_by_a_second_evaluator) {
  constexpr size_t kPolicies = 300;
  constexpr size_t kRequests = 3'400;
  Dice dice(20260601);
  RbacCompiler compiler;  // one for all: what a policy leaves behind would answer for the next
  Policy last;
  size_t allowed = 0;
  std::vector<Caller> callers(64);
  for (Caller& caller : callers)
    caller = dice.caller();
  std::vector<AccessRequest> requests(1'024);
  for (AccessRequest& request : requests)
    request = dice.request();
  for (size_t i = 0; i < kPolicies; ++i) {
    for (const Json& role : last.roles)
      drop(compiler, "roles", role);
    for (const Json& binding : last.bindings)
      drop(compiler, "rolebindings", binding);
    last = random_policy(dice);
    for (const Json& role : last.roles)
      put(compiler, "roles", role);
    for (const Json& binding : last.bindings)
      put(compiler, "rolebindings", binding);
    const auto table = compiler.compile();
    const Naive naive(last);
    for (size_t k = 0; k < kRequests; ++k) {
      const Caller& caller = callers[(k * 7 + i) % callers.size()];
      const AccessRequest& request = requests[(k * 13 + i * 31) % requests.size()];
      const bool found = table->find_grant(caller, request).has_value();
      allowed += found ? 1 : 0;
      ASSERT_EQ(found, naive.allowed(caller, request))
          << caller.user << " " << request.verb << " " << request.group << "/"
          << request.combined_resource() << " in " << request.ns << " named " << request.name
          << " path " << request.path.value_or("-");
    }
  }
  // Both answers must be frequent, or the comparison says nothing.
  EXPECT_GT(allowed, kPolicies * kRequests / 10);
  EXPECT_LT(allowed, kPolicies * kRequests * 9 / 10);
}

Json role(const char* ns, const char* name, const char* verb) {
  Json out = {{"metadata", {{"name", name}}},
              {"rules", {{{"verbs", {verb}}, {"apiGroups", {"*"}}, {"resources", {"*"}}}}}};
  if (*ns) out["metadata"]["namespace"] = ns;
  return out;
}

Json binding(const char* ns, const char* name, const char* kind, const char* role_name,
             Json subjects) {
  Json out = {{"metadata", {{"name", name}}},
              {"roleRef", {{"kind", kind}, {"name", role_name}}},
              {"subjects", std::move(subjects)}};
  if (*ns) out["metadata"]["namespace"] = ns;
  return out;
}

AccessRequest get_in(const char* ns) {
  AccessRequest out;
  out.verb = "get";
  out.resource = "widgets";
  out.ns = ns;
  return out;
}

TEST(RbacTable, Says_why_as_kube_says_it) {
  RbacCompiler compiler;
  put(compiler, "roles", role("", "viewer", "get"));
  put(compiler, "roles", role("red", "local", "get"));
  put(compiler, "rolebindings",
      binding("", "everywhere", "ClusterRole", "viewer", {{{"kind", "Group"}, {"name", "ops"}}}));
  put(compiler, "rolebindings",
      binding("red", "here", "Role", "local", {{{"kind", "User"}, {"name", "ann"}}}));
  put(compiler, "rolebindings",
      binding("red", "robots", "ClusterRole", "viewer",
              {{{"kind", "ServiceAccount"}, {"name", "sa"}}}));
  const auto table = compiler.compile();
  const auto why = [&](Caller caller) {
    return table->find_grant(caller, get_in("red"))->reason();
  };
  EXPECT_EQ(
      why({"x", "", {"ops"}, "", {}}),
      R"(RBAC: allowed by ClusterRoleBinding "everywhere" of ClusterRole "viewer" to Group "ops")");
  EXPECT_EQ(why({"ann", "", {}, "", {}}),
            R"(RBAC: allowed by RoleBinding "here/red" of Role "local" to User "ann")");
  EXPECT_EQ(
      why({"system:serviceaccount:red:sa", "", {}, "", {}}),
      R"(RBAC: allowed by RoleBinding "robots/red" of ClusterRole "viewer" to ServiceAccount "sa/red")");
}

TEST(RbacTable, A_compiled_table_never_changes) {
  RbacCompiler compiler;
  put(compiler, "roles", role("red", "local", "get"));
  put(compiler, "rolebindings",
      binding("red", "here", "Role", "local", {{{"kind", "User"}, {"name", "ann"}}}));
  const Caller ann{"ann", "", {}, "", {}};
  const auto before = compiler.compile();
  drop(compiler, "rolebindings", binding("red", "here", "Role", "local", {}));
  const auto after = compiler.compile();
  EXPECT_TRUE(before->find_grant(ann, get_in("red")));
  EXPECT_FALSE(after->find_grant(ann, get_in("red")));
}

TEST(RbacTable, A_binding_of_a_role_that_is_not_there_is_named) {
  RbacCompiler compiler;
  put(compiler, "rolebindings",
      binding("red", "here", "Role", "gone", {{{"kind", "User"}, {"name", "ann"}}}));
  put(compiler, "rolebindings",
      binding("red", "more", "ClusterRole", "lost", {{{"kind", "User"}, {"name", "ann"}}}));
  const HeldRules held = compiler.compile()->rules_of({"ann", "", {}, "", {}}, "red");
  EXPECT_TRUE(held.rules.empty());
  EXPECT_EQ(held.missing_roles, (std::vector<std::string>{
                                    R"(role.rbac.authorization.k8s.io "gone" not found)",
                                    R"(clusterrole.rbac.authorization.k8s.io "lost" not found)"}));
  // A role that comes later is in force at once.
  put(compiler, "roles", role("", "lost", "get"));
  EXPECT_TRUE(compiler.compile()->find_grant({"ann", "", {}, "", {}}, get_in("red")));
}

}  // namespace
}  // namespace charter
