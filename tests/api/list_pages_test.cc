#include "controller/api/list_options.h"
#include "controller/api/page_token.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// LIST in pages: one snapshot across them, and a way on for a client whose snapshot is gone.
namespace charter::test {
namespace {

class ListPages : public testing::Test {
 protected:
  ListPages() {
    for (const char* name : {"a", "b", "c", "d", "e"})
      create(name);
  }

  void create(const std::string& name) {
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget(name)).status, 201);
  }

  Answer page(const std::string& token) {
    return api_.get(kWidgetsPath + "?limit=2" + (token.empty() ? "" : "&continue=" + token));
  }

  static std::string token(const Answer& answer) {
    return text_at(answer.json(), {"metadata", "continue"});
  }

  static std::string names(const Answer& answer) {
    std::string out;
    for (const Json& item : answer.json().value("items", Json::array())) {
      out += text_at(item, {"metadata", "name"});
    }
    return out;
  }

  ServedApi api_;
};

TEST_F(ListPages, All_pages_show_the_state_of_the_first) {
  const Answer first = page("");
  EXPECT_EQ(names(first), "ab");
  create("bb");
  EXPECT_EQ(api_.remove(kWidgetsPath + "/c").status, 200);
  const Answer second = page(token(first));
  EXPECT_EQ(names(second), "cd");
  EXPECT_EQ(second.json()["metadata"]["resourceVersion"],
            first.json()["metadata"]["resourceVersion"]);
  const Answer third = page(token(second));
  EXPECT_EQ(names(third), "e");
  EXPECT_EQ(token(third), "");
}

TEST_F(ListPages, Only_lists_of_custom_resources_have_a_continue_token_when_nothing_follows) {
  EXPECT_EQ(api_.get(kWidgetsPath).json()["metadata"].value("continue", "none"), "");
  EXPECT_FALSE(api_.get("/api/v1/namespaces").json()["metadata"].contains("continue"));
}

TEST_F(ListPages, An_expired_token_is_answered_with_one_that_goes_on_in_the_newest_state) {
  const std::string old = token(page(""));
  create("bb");
  EXPECT_EQ(api_.remove(kWidgetsPath + "/c").status, 200);
  api_.store().compact(api_.store().revision());
  const Answer expired = page(old);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(expired.reason(), "Expired");
  EXPECT_EQ(
      expired.message(),
      "The provided continue parameter is too old to display a consistent list result. You can "
      "start a new list without "
      "the continue parameter, or use the continue token in this response to retrieve the "
      "remainder of the results. "
      "Continuing with the provided token results in an inconsistent list - objects that were "
      "created, modified, or "
      "deleted between the time the first chunk was returned and now may show up in the list.");
  const Answer second = page(token(expired));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(names(second), "bbd") << "what was made since is there, what was deleted is not";
  EXPECT_EQ(second.json()["metadata"]["resourceVersion"], std::to_string(api_.store().revision()));
  create("z");
  const Answer third = page(token(second));
  EXPECT_EQ(names(third), "e") << "from here on the pages are of one state again";
}

TEST_F(ListPages, An_exact_version_that_is_gone_has_no_token_to_go_on_with) {
  const std::string version = text_at(page("").json(), {"metadata", "resourceVersion"});
  create("f");
  api_.store().compact(api_.store().revision());
  const Answer expired =
      api_.get(kWidgetsPath + "?resourceVersionMatch=Exact&resourceVersion=" + version);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(expired.message(), "The resourceVersion for the provided list is too old.");
  EXPECT_EQ(expired.json()["metadata"], Json::object());
}

TEST_F(ListPages, A_token_of_no_revision_is_refused) {
  for (const int64_t revision : {int64_t{0}, int64_t{-2}}) {
    const Answer answer = page(make_continue_token(revision, {"lab", "b"}));
    EXPECT_EQ(answer.status, 400) << revision;
    EXPECT_EQ(answer.reason(), "BadRequest");
  }
}

}  // namespace
}  // namespace charter::test
