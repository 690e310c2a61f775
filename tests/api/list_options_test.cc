#include "controller/api/list_options.h"

#include "controller/base/limits.h"
#include "controller/object/schema.h"
#include "controller/api/page_token.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

ResourceType widgets() {
  ResourceType type;
  type.gvr = {"shop.dev", "v1", "widgets"};
  type.kind = "Widget";
  type.selectable_fields = {"spec.color"};
  return type;
}

Result<ListOptions> parse(const std::string& query, ListUse use = ListUse::List) {
  const auto found = route("GET", "/apis/shop.dev/v1/widgets", query);
  if (!found) return Error(found.error());
  return parse_list_options(*found, widgets(), use);
}

struct Refused {
  const char* query;
  ListUse use;
  Code code;
  const char* text;
};

TEST(ListOptions, Refuses_what_kubernetes_refuses_in_its_words) {
  const Refused rows[] = {
      {"limit=-1", ListUse::List, Code::BadRequest, "limit: Invalid value: \"-1\""},
      {"limit=many", ListUse::List, Code::BadRequest,
       "strconv.ParseInt: parsing \"many\": invalid syntax"},
      {"limit=9223372036854775808", ListUse::List, Code::BadRequest,
       "strconv.ParseInt: parsing \"9223372036854775808\": value out of range"},
      {"timeoutSeconds=-5", ListUse::Watch, Code::BadRequest,
       "timeoutSeconds: Invalid value: \"-5\""},
      {"resourceVersion=abc", ListUse::List, Code::BadRequest,
       "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: "
       "parsing \"abc\": invalid syntax"},
      {"resourceVersion=-1", ListUse::List, Code::BadRequest, "invalid syntax"},
      {"resourceVersion=18446744073709551616", ListUse::List, Code::BadRequest,
       "value out of range"},
      {"resourceVersion=abc", ListUse::Watch, Code::InternalError,
       "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid "
       "syntax"},
      {"continue=x", ListUse::List, Code::BadRequest, "invalid continue token"},
      {"continue=bm90IGpzb24", ListUse::List, Code::BadRequest, "invalid continue token"},
      {"continue=%21%21", ListUse::List, Code::BadRequest, "invalid continue token"},
      {"labelSelector=a%3D%3D%3Db", ListUse::List, Code::BadRequest, "unable to parse requirement"},
      {"fieldSelector=spec.secret%3Db", ListUse::List, Code::BadRequest,
       "field label not supported: spec.secret"},
      {"sendInitialEvents=true", ListUse::List, Code::Invalid,
       "sendInitialEvents is forbidden for list"},
      {"sendInitialEvents=true", ListUse::Watch, Code::Invalid,
       "requires setting resourceVersionMatch to NotOlderThan"},
      {"resourceVersionMatch=Exact", ListUse::List, Code::Invalid,
       "resourceVersionMatch is forbidden unless resourceVersion is provided"},
      {"resourceVersion=0&resourceVersionMatch=Exact", ListUse::List, Code::Invalid,
       "is forbidden for resourceVersion \"0\""},
      {"resourceVersion=5&resourceVersionMatch=Loose", ListUse::List, Code::Invalid,
       "Unsupported value: \"Loose\": supported values: \"Exact\", \"NotOlderThan\""},
      {"resourceVersion=5&resourceVersionMatch=Exact", ListUse::Watch, Code::Invalid,
       "forbidden for watch"},
  };
  for (const Refused& row : rows) {
    SCOPED_TRACE(row.query);
    const auto options = parse(row.query, row.use);
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.error().code, row.code);
    EXPECT_NE(options.error().message.find(row.text), std::string::npos) << options.error().message;
  }
}

TEST(ListOptions, Reads_what_was_asked) {
  const auto list = parse("limit=2&labelSelector=a%3Db&fieldSelector=spec.color%3Dred&resourceVersion=7&resourceVersionMatch=Exact");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_EQ(list->limit, 2u);
  EXPECT_EQ(list->version, 7);
  EXPECT_EQ(list->match, ListOptions::Match::Exact);
  EXPECT_EQ(list->labels.to_string(), "a=b");
  const auto watch = parse("allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=9",
                           ListUse::Watch);
  ASSERT_TRUE(watch.has_value()) << watch.error().message;
  EXPECT_TRUE(watch->bookmarks);
  EXPECT_EQ(watch->initial_events, true);
  EXPECT_EQ(watch->timeout_s, 9);
  EXPECT_FALSE(parse("")->version.has_value());
}

TEST(ListOptions, A_time_out_beyond_a_year_is_a_year) {
  for (const char* query : {"timeoutSeconds=9223372036854775807", "timeoutSeconds=10000000000"}) {
    const auto options = parse(query, ListUse::Watch);
    ASSERT_TRUE(options.has_value());
    EXPECT_EQ(options->timeout_s, 365 * 86'400);
  }
}

TEST(ListOptions, A_continue_token_names_revision_and_last_object) {
  for (const ObjectName& last : {ObjectName{"lab", "d4"}, ObjectName{"", "rack.one"}}) {
    const std::string token = make_continue_token(278, last);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos);
    const auto options = parse("continue=" + token);
    ASSERT_TRUE(options.has_value()) << options.error().message;
    EXPECT_TRUE(options->continued);
    EXPECT_EQ(options->at_revision, 278);
    EXPECT_EQ(options->after, last);
    const auto both = parse("resourceVersion=3&continue=" + token);
    ASSERT_FALSE(both.has_value());
    EXPECT_EQ(both.error().message, "specifying resource version is not allowed when using continue");
    EXPECT_TRUE(parse("resourceVersion=0&continue=" + token).has_value());
  }
}

TEST(ListOptions, A_cut_continue_token_is_refused_at_every_length) {
  const std::string token = make_continue_token(278, {"lab", "d4"});
  for (size_t length = 1; length < token.size(); ++length) {
    EXPECT_FALSE(parse("continue=" + token.substr(0, length)).has_value()) << length;
  }
}

TEST(ListOptions, Selects_by_labels_and_fields) {
  const Json tree = {{"apiVersion", "shop.dev/v1"},
                     {"kind", "Widget"},
                     {"metadata", {{"name", "a"}, {"namespace", "lab"}, {"labels", {{"app", "shop"}}}}},
                     {"spec", {{"color", "red"}}}};
  const ObjectPtr indexed = Encoded::make(tree, 1, {{"spec.color", "red"}});
  const ObjectPtr stored_before_the_index = Encoded::make(tree, 1);
  const std::pair<const char*, bool> rows[] = {
      {"", true},
      {"labelSelector=app%3Dshop", true},
      {"labelSelector=app!%3Dshop", false},
      {"labelSelector=app+in+(a,shop)", true},
      {"labelSelector=!app", false},
      {"fieldSelector=metadata.name%3Da", true},
      {"fieldSelector=metadata.name!%3Da", false},
      {"fieldSelector=metadata.namespace%3Dlab,spec.color%3Dred", true},
      {"fieldSelector=spec.color%3Dblue", false},
      {"fieldSelector=spec.color!%3Dblue", true},
  };
  for (const auto& [query, wanted] : rows) {
    const auto options = parse(query);
    ASSERT_TRUE(options.has_value()) << query;
    EXPECT_EQ(matches(*options, *indexed), wanted) << query;
    EXPECT_EQ(matches(*options, *stored_before_the_index), wanted) << query;
  }
}

}  // namespace
}  // namespace charter
