#include "controller/api/rbac_install.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

// Nobody learns anything of another tenant: every route and verb that the table of kinds has, by
// three tenants, against their own namespace, the others' and one that does not exist.
namespace charter::test {
namespace {

const std::vector<std::string> kTenants = {"red", "blue", "green"};
constexpr const char* kAbsent = "absent";

/// One way to ask for something.
struct Way {
  std::string method, tail;  // tail: behind the collection's path
  std::string content_type = "application/json";
};

/// All verbs of a resource, on an object that exists, one that does not, and the whole collection.
std::vector<Way> ways_of(const ResourceType& type) {
  std::vector<Way> out = {{"POST", ""}};
  if (type.create_only) return out;
  for (const char* query :
       {"", "?watch=1", "?limit=1", "?fieldSelector=metadata.name%3Dthing", "?labelSelector=a"}) {
    out.push_back({"GET", query});
  }
  out.push_back({"DELETE", ""});
  std::vector<std::string> tails = {"", "/unknown"};
  if (type.has_status) tails.emplace_back("/status");
  if (type.scale) tails.emplace_back("/scale");
  if (type.gvr.resource == "serviceaccounts") tails.emplace_back("/token");
  for (const char* name : {"/thing", "/nothing"}) {
    for (const std::string& sub : tails) {
      for (const char* method : {"GET", "PUT", "DELETE", "POST"})
        out.push_back({method, name + sub});
      for (const char* patch : {"application/merge-patch+json", "application/json-patch+json",
                                "application/apply-patch+yaml"}) {
        out.push_back({"PATCH", name + sub, patch});
      }
      out.push_back({"GET", name + sub + "?watch=1"});
    }
  }
  return out;
}

std::string base_of(const Gvr& gvr) {
  return gvr.group.empty() ? "/api/v1" : "/apis/" + gvr.group + "/" + gvr.version;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Three tenants, each with everything in a namespace of his own and one object of every kind in
/// it.
class Tenants {
 public:
  Tenants() {
    EXPECT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
    for (const std::string& ns : kTenants) {
      create("/api/v1/namespaces", {{"metadata", {{"name", ns}}}});
      const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + ns;
      create(rbac + "/rolebindings",
             {{"metadata", {{"name", "owner"}}},
              {"roleRef", {{"kind", "ClusterRole"}, {"name", "cluster-admin"}}},
              {"subjects", {{{"kind", "User"}, {"name", ns}}}}});
      for (const char* resource : {"configmaps", "secrets", "serviceaccounts"}) {
        create("/api/v1/namespaces/" + ns + "/" + resource, {{"metadata", {{"name", "thing"}}}});
      }
      create("/apis/shop.dev/v1/namespaces/" + ns + "/widgets", {{"apiVersion", "shop.dev/v1"},
                                                                 {"kind", "Widget"},
                                                                 {"metadata", {{"name", "thing"}}},
                                                                 {"spec", {{"size", 3}}}});
    }
  }

  Answer ask(const std::string& tenant, const Way& way, const std::string& collection) {
    Ask what{way.method, collection + way.tail};
    what.peer = Peer{tenant, {}};
    // Nothing may be changed: what is allowed has to fail on its body.
    if (way.method != "GET" && way.method != "DELETE") what.body = "{}";
    if (way.method == "DELETE")
      what.target +=
          std::string(way.tail.find('?') == std::string::npos ? "?" : "&") + "dryRun=All";
    what.content_type = way.content_type;
    return api_.ask(std::move(what));
  }

  ServedApi& api() { return api_; }

 private:
  void create(const std::string& path, Json body) {
    const bool core = path.starts_with("/api/");
    if (!body.contains("apiVersion"))
      body["apiVersion"] = core ? "v1" : "rbac.authorization.k8s.io/v1";
    if (!body.contains("kind")) body["kind"] = kind_of(path.substr(path.rfind('/') + 1));
    const Answer made = api_.post(path, body);
    ASSERT_EQ(made.status, 201) << path << made.body;
  }
  static std::string kind_of(const std::string& resource) {
    const std::map<std::string, std::string> kinds = {{"namespaces", "Namespace"},
                                                      {"rolebindings", "RoleBinding"},
                                                      {"configmaps", "ConfigMap"},
                                                      {"secrets", "Secret"},
                                                      {"serviceaccounts", "ServiceAccount"}};
    return kinds.at(resource);
  }

  ServedApi api_;
};

TEST(Isolation, Every_route_and_verb_answers_alike_for_anothers_namespace_and_for_none) {
  Tenants tenants;
  size_t asked = 0;
  for (const auto& type : tenants.api().kinds().table()->all()) {
    if (!type->namespaced) continue;
    for (const Way& way : ways_of(*type)) {
      for (const std::string& tenant : kTenants) {
        const auto collection = [&](const std::string& ns) {
          return base_of(type->gvr) + "/namespaces/" + ns + "/" + type->gvr.resource;
        };
        const std::string what =
            tenant + ": " + way.method + " " + collection("NS") + way.tail + " " + way.content_type;
        const Answer own = tenants.ask(tenant, way, collection(tenant));
        EXPECT_NE(own.status, 403) << what << own.body;
        const Answer absent = tenants.ask(tenant, way, collection(kAbsent));
        ASSERT_EQ(absent.status, 403) << what << absent.body;
        for (const std::string& other : kTenants) {
          if (other == tenant) continue;
          const Answer answer = tenants.ask(tenant, way, collection(other));
          ASSERT_EQ(answer.status, 403) << what << answer.body;
          ASSERT_EQ(replaced(answer.body, "\\\"" + other + "\\\"", "\\\"absent\\\""), absent.body)
              << what;
          ++asked;
        }
      }
    }
  }
  EXPECT_GT(asked, 1'000u);
}

TEST(Isolation, Nothing_at_cluster_scope_and_nothing_across_namespaces) {
  Tenants tenants;
  for (const auto& type : tenants.api().kinds().table()->all()) {
    const std::string& resource = type->gvr.resource;
    // What everybody may ask about himself.
    if (resource.starts_with("selfsubject")) continue;
    for (const Way& way : ways_of(*type)) {
      // That is the collection "unknown" of a namespace, which has no object to put or patch.
      if (resource == "namespaces" && way.tail.find("/unknown") != std::string::npos) continue;
      const Answer answer = tenants.ask("red", way, base_of(type->gvr) + "/" + resource);
      EXPECT_EQ(answer.status, 403) << way.method << " " << resource << way.tail << answer.body;
    }
  }
}

TEST(Isolation, A_tenant_reads_his_own_namespace_and_no_other) {
  Tenants tenants;
  EXPECT_EQ(tenants.ask("red", {"GET", "/red"}, "/api/v1/namespaces").status, 200);
  const Answer other = tenants.ask("red", {"GET", "/blue"}, "/api/v1/namespaces");
  const Answer absent = tenants.ask("red", {"GET", "/absent"}, "/api/v1/namespaces");
  EXPECT_EQ(other.status, 403);
  EXPECT_EQ(replaced(other.body, "blue", "absent"), absent.body);
  EXPECT_EQ(tenants.ask("red", {"GET", ""}, "/api/v1/namespaces").status, 403);
}

TEST(Isolation, A_continue_token_of_another_tenant_shows_nothing_of_his) {
  Tenants tenants;
  const std::string widgets = "/apis/shop.dev/v1/namespaces/";
  for (const char* name : {"more", "most"}) {
    ASSERT_EQ(tenants.api()
                  .post(widgets + "red/widgets", {{"apiVersion", "shop.dev/v1"},
                                                  {"kind", "Widget"},
                                                  {"metadata", {{"name", name}}},
                                                  {"spec", {{"size", 3}}}})
                  .status,
              201);
  }
  const Answer page = tenants.ask("red", {"GET", "?limit=1"}, widgets + "red/widgets");
  const std::string token = text_at(page.json(), {"metadata", "continue"});
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(tenants.ask("blue", {"GET", "?continue=" + token}, widgets + "red/widgets").status,
            403);
  const Answer mixed = tenants.ask("blue", {"GET", "?continue=" + token}, widgets + "blue/widgets");
  EXPECT_EQ(mixed.body.find("\"red\""), std::string::npos) << mixed.body;
}

}  // namespace
}  // namespace charter::test
