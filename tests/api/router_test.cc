#include "controller/api/router.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

using Place = Route::Place;
using Verb = Route::Verb;

struct ResourceRow {
  const char* method;
  const char* path;
  const char* query;
  Verb verb;
  const char* group;
  const char* version;
  const char* resource;
  const char* ns;
  const char* name;
  const char* subresource;
};

const ResourceRow kResources[] = {
    {"GET", "/api/v1/namespaces", "", Verb::List, "", "v1", "namespaces", "", "", ""},
    {"GET", "/api/v1/namespaces/lab", "", Verb::Get, "", "v1", "namespaces", "", "lab", ""},
    {"PUT", "/api/v1/namespaces/lab/finalize", "", Verb::Update, "", "v1", "namespaces", "", "lab", "finalize"},
    {"GET", "/api/v1/namespaces/lab/status", "", Verb::Get, "", "v1", "namespaces", "", "lab", "status"},
    {"GET", "/api/v1/namespaces/lab/secrets", "", Verb::List, "", "v1", "secrets", "lab", "", ""},
    {"GET", "/api/v1/namespaces/lab/secrets/s", "", Verb::Get, "", "v1", "secrets", "lab", "s", ""},
    {"HEAD", "/api/v1/namespaces/lab/secrets/s", "", Verb::Get, "", "v1", "secrets", "lab", "s", ""},
    {"GET", "/apis/shop.dev/v1/widgets", "", Verb::List, "shop.dev", "v1", "widgets", "", "", ""},
    {"GET", "/apis/shop.dev/v1/widgets", "watch=true", Verb::Watch, "shop.dev", "v1", "widgets", "", "", ""},
    {"GET", "/apis/shop.dev/v1/widgets", "watch=1&limit=5", Verb::Watch, "shop.dev", "v1", "widgets", "", "", ""},
    {"GET", "/apis/shop.dev/v1/widgets", "watch=false", Verb::List, "shop.dev", "v1", "widgets", "", "", ""},
    {"GET", "/apis/shop.dev/v1/watch/namespaces/lab/widgets", "", Verb::Watch, "shop.dev", "v1", "widgets", "lab", "", ""},
    {"GET", "/apis/shop.dev/v1/watch/namespaces/lab/widgets/a", "", Verb::Watch, "shop.dev", "v1", "widgets", "lab", "a", ""},
    {"POST", "/apis/shop.dev/v1/namespaces/lab/widgets", "", Verb::Create, "shop.dev", "v1", "widgets", "lab", "", ""},
    {"PUT", "/apis/shop.dev/v1/namespaces/lab/widgets/a/status", "", Verb::Update, "shop.dev", "v1", "widgets", "lab", "a", "status"},
    {"PATCH", "/apis/shop.dev/v1/namespaces/lab/widgets/a/scale", "", Verb::Patch, "shop.dev", "v1", "widgets", "lab", "a", "scale"},
    {"DELETE", "/apis/shop.dev/v1/namespaces/lab/widgets/a", "", Verb::Delete, "shop.dev", "v1", "widgets", "lab", "a", ""},
    {"DELETE", "/apis/shop.dev/v1/namespaces/lab/widgets", "", Verb::DeleteCollection, "shop.dev", "v1", "widgets", "lab", "", ""},
    {"DELETE", "/apis/shop.dev/v1/namespaces/lab/widgets/", "", Verb::DeleteCollection, "shop.dev", "v1", "widgets", "lab", "", ""},
    {"GET", "/apis/shop.dev/v1/namespaces/lab/widgets/a%2Db", "", Verb::Get, "shop.dev", "v1", "widgets", "lab", "a-b", ""},
    {"GET", "/apis/shop.dev/v1/namespaces/lab/widgets/a+b", "", Verb::Get, "shop.dev", "v1", "widgets", "lab", "a+b", ""},
};

TEST(Router, Takes_group_namespace_name_and_subresource_from_a_resource_path) {
  for (const ResourceRow& row : kResources) {
    SCOPED_TRACE(std::string(row.method) + " " + row.path + "?" + row.query);
    const auto found = route(row.method, row.path, row.query);
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_EQ(found->place, Place::Resource);
    EXPECT_EQ(found->verb, row.verb);
    EXPECT_EQ(found->group, row.group);
    EXPECT_EQ(found->version, row.version);
    EXPECT_EQ(found->resource, row.resource);
    EXPECT_EQ(found->ns, row.ns);
    EXPECT_EQ(found->name, row.name);
    EXPECT_EQ(found->subresource, row.subresource);
  }
}

TEST(Router, Knows_the_places_that_are_no_resources) {
  const std::pair<const char*, Place> rows[] = {
      {"/api", Place::Api},         {"/api/", Place::Api},       {"/apis", Place::Apis},
      {"/apis/shop.dev", Place::Group}, {"/apis/shop.dev/v1", Place::Version}, {"/api/v1", Place::Version},
      {"/openapi/v3", Place::OpenApi},  {"/openapi/v3/apis/shop.dev/v1", Place::OpenApi},
      {"/healthz", Place::Health},  {"/readyz/ping", Place::Health}, {"/livez", Place::Health},
      {"/version", Place::ServerVersion}, {"/metrics", Place::Metrics},
      {"/", Place::Unknown}, {"/nopath", Place::Unknown}, {"/version/x", Place::Unknown}, {"/API/v1", Place::Unknown},
      {"/apis/shop.dev/v1/namespaces/lab/widgets/a/status/deeper", Place::Unknown}};
  for (const auto& [path, place] : rows) {
    const auto found = route("GET", path, "");
    ASSERT_TRUE(found.has_value()) << path;
    EXPECT_EQ(found->place, place) << path;
  }
}

TEST(Router, Refuses_paths_and_queries_that_are_not_clean) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"", "", "must start with /"},
      {"api/v1", "", "must start with /"},
      {"/api//v1", "", "empty segment"},
      {"//", "", "empty segment"},
      {"/api/v1/namespaces/../secrets", "", "segment is not a name"},
      {"/api/v1/namespaces/%2e%2e/secrets", "", "segment is not a name"},
      {"/api/v1/namespaces/%2E/secrets", "", "segment is not a name"},
      {"/api/v1/namespaces/a%2Fb/secrets", "", "segment is not a name"},
      {"/api/v1/namespaces/a%00b", "", "NUL"},
      {"/api/v1/namespaces/a%0", "", "invalid URL escape"},
      {"/api/v1/namespaces/a%zz", "", "invalid URL escape"},
      {"/api/v1/namespaces/%c0%ae", "", "not UTF-8"},
      {"/api/v1/namespaces/%ff", "", "not UTF-8"},
      {"/api/v1/namespaces", "limit=%", "invalid URL escape"},
      {"/api/v1/namespaces", "labelSelector=a%00", "NUL"},
      {"/api/v1/namespaces", "x=%ed%a0%80", "not UTF-8"},
  };
  for (const auto& [path, query, text] : rows) {
    const auto found = route("GET", path, query);
    ASSERT_FALSE(found.has_value()) << path << "?" << query;
    EXPECT_EQ(found.error().code, Code::BadRequest) << path;
    EXPECT_NE(found.error().message.find(text), std::string::npos) << found.error().message;
  }
}

TEST(Router, Refuses_methods_a_place_does_not_have) {
  const std::tuple<const char*, const char*, Code> rows[] = {
      {"PUT", "/apis/shop.dev/v1/namespaces/lab/widgets", Code::BadRequest},
      {"PATCH", "/apis/shop.dev/v1/namespaces/lab/widgets", Code::MethodNotAllowed},
      {"get", "/apis/shop.dev/v1/namespaces/lab/widgets", Code::MethodNotAllowed},
      {"TRACE", "/apis/shop.dev/v1/namespaces/lab/widgets", Code::MethodNotAllowed},
      {"POST", "/apis", Code::MethodNotAllowed},
      {"DELETE", "/healthz", Code::MethodNotAllowed},
  };
  for (const auto& [method, path, code] : rows) {
    const auto found = route(method, path, "");
    ASSERT_FALSE(found.has_value()) << method << path;
    EXPECT_EQ(found.error().code, code) << method << path;
  }
}

TEST(Router, Decodes_the_query_and_keeps_its_order) {
  const auto found = route("GET", "/api/v1/pods", "labelSelector=a%3Db%2Cc+in+%28d%29&x&x=2&&empty=");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->param("labelSelector"), "a=b,c in (d)");
  EXPECT_EQ(found->param("x"), "");
  EXPECT_TRUE(found->has_param("empty"));
  EXPECT_FALSE(found->has_param("Empty"));
  ASSERT_EQ(found->query.size(), 4u);
  EXPECT_EQ(found->query[2].second, "2");
}

TEST(Router, A_query_may_hold_any_number_of_brackets) {
  const std::string brackets(200, '[');
  const auto found = route("GET", "/api/v1/pods", "fieldSelector=" + brackets);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->param("fieldSelector"), brackets);
}

TEST(Router, Names_verbs_as_access_rules_do) {
  const std::pair<Verb, const char*> rows[] = {
      {Verb::Get, "get"},       {Verb::List, "list"},   {Verb::Watch, "watch"},   {Verb::Create, "create"},
      {Verb::Update, "update"}, {Verb::Patch, "patch"}, {Verb::Delete, "delete"}, {Verb::DeleteCollection, "deletecollection"}};
  for (const auto& [verb, word] : rows) EXPECT_EQ(verb_word(verb), word);
}

}  // namespace
}  // namespace charter
