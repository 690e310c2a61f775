#include "controller/api/page_token.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

// Every state that a read or a write can meet, and what it gets: the states of Kubernetes' own
// storage tests (k8s.io/apiserver pkg/storage/testing) as products of small lists, all of them
// tried. What must come out is said a second time here, by the rules of the Kubernetes API
// concepts, not by looking at what the server does.
//
//   history   a1 b | compacted | c a2 -b d          names with their spec.size; now: a2 c d
namespace charter::test {
namespace {

constexpr const char* kFuture = "999999999";

/// What a request is expected to get.
struct Expected {
  int status = 200;
  std::string content = {};  ///< of lists: names with sizes; of watches: the events at once
  bool operator==(const Expected&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Expected& expected) {
  return out << expected.status << " '" << expected.content << "'";
}

class ApiStates : public testing::Test {
 protected:
  ApiStates() {
    put("a", 1, "red");
    old_ = revision();
    put("b", 1, "blue");
    api_.store().compact(api_.store().revision());
    put("c", 1, "red");
    past_ = revision();
    // A page token of that state, behind its first object.
    token_past_ = make_continue_token(api_.store().revision(), {"lab", "a"});
    EXPECT_EQ(api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 2}}}}).status, 200);
    EXPECT_EQ(api_.remove(kWidgetsPath + "/b").status, 200);
    put("d", 1, "blue");
    now_ = revision();
    token_old_ = make_continue_token(std::stoll(old_), {"lab", "a"});
  }

  void put(const std::string& name, int size, const std::string& color) {
    const Json spec = {{"size", size}, {"color", color}};
    const Answer made =
        api_.post(kWidgetsPath, shop_widget(name, spec, {{"labels", {{"color", color}}}}));
    ASSERT_EQ(made.status, 201) << made.body;
  }

  std::string revision() { return std::to_string(api_.store().revision()); }

  static std::string word(const Json& object) {
    return text_at(object, {"metadata", "name"}) +
           std::to_string(int_at(object, {"spec", "size"}).value_or(0)) + " ";
  }

  Expected list(const std::string& query) {
    const Answer answer = api_.get(kWidgetsPath + query);
    Expected out{answer.status};
    const Json tree = answer.json();
    if (const Json* items = at(tree, {"items"})) {
      for (const Json& item : *items)
        out.content += word(item);
    }
    return out;
  }

  Expected watch(const std::string& query) {
    const Answer answer = api_.get(kWidgetsPath + query);
    Expected out{answer.status};
    if (!answer.stream) return out;
    for (const Json& event : drain(*answer.stream)) {
      const std::string type = event["type"].get<std::string>();
      const bool marked = event["object"].dump().find("initial-events-end") != std::string::npos;
      out.content += type == "BOOKMARK" ? (marked ? "END " : "BOOKMARK ")
                     : type == "ERROR"
                         ? "ERROR" + std::to_string(*int_at(event, {"object", "code"})) + " "
                         : type.substr(0, 1) + word(event["object"]);
    }
    return out;
  }

  ServedApi api_;
  std::string old_, past_, now_, token_past_, token_old_;
};

/// One parameter's value, and how it reads in a query.
struct Choice {
  std::string name;
  std::string query;
};

std::string chosen(std::initializer_list<Choice> choices) {
  std::string out;
  for (const Choice& choice : choices) {
    if (!choice.query.empty()) out += (out.empty() ? "?" : "&") + choice.query;
  }
  return out;
}

/// What of a state passes a selector: the red ones are a and c.
std::string selected(const std::string& state, const std::string& selector) {
  if (selector == "all") return state;
  std::string out;
  for (size_t i = 0; i < state.size(); i += 3) {
    if (state[i] == 'a' || state[i] == 'c') out += state.substr(i, 3);
  }
  return out;
}

Expected expected_list(const std::string& version, const std::string& match,
                       const std::string& page, const std::string& selector) {
  const std::string kPast = "a1 b1 c1 ", kNow = "a2 c1 d1 ";
  const bool continued = page.starts_with("continued");
  // The rules for the match hold before anything is looked up.
  if (match != "unset" && (version == "unset" || continued)) return {422};
  if (match == "odd" || (match == "exact" && version == "zero")) return {422};
  if (version == "odd") return {400};
  if (page == "continued with rubbish") return {400};
  if (continued) {
    if (version != "unset" && version != "zero") return {400};
    if (page == "continued from compacted") return {410};
    // The rest of the state that the first page was of, behind a.
    return {200, selected("b1 c1 ", selector)};
  }
  if (version == "future") return {504};
  const bool pages = page == "first";
  const bool exact =
      match == "exact" || (match == "unset" && pages && version != "unset" && version != "zero");
  if (exact && version == "compacted") return {410};
  std::string all = selected(exact && version == "past" ? kPast : kNow, selector);
  // Version 0 is answered from the cache, whole.
  if (pages && version != "zero") all.resize(3);
  return {200, all};
}

TEST_F(ApiStates, Every_list_gets_the_state_that_its_parameters_name) {
  const std::array<Choice, 7> versions = {{{"unset", ""},
                                           {"zero", "resourceVersion=0"},
                                           {"compacted", "resourceVersion=" + old_},
                                           {"past", "resourceVersion=" + past_},
                                           {"now", "resourceVersion=" + now_},
                                           {"future", std::string("resourceVersion=") + kFuture},
                                           {"odd", "resourceVersion=abc"}}};
  const std::array<Choice, 4> matches = {{{"unset", ""},
                                          {"exact", "resourceVersionMatch=Exact"},
                                          {"not older", "resourceVersionMatch=NotOlderThan"},
                                          {"odd", "resourceVersionMatch=Loose"}}};
  const std::array<Choice, 5> pages = {
      {{"whole", ""},
       {"first", "limit=1"},
       {"continued", "limit=5&continue=" + token_past_},
       {"continued from compacted", "limit=5&continue=" + token_old_},
       {"continued with rubbish", "limit=5&continue=rubbish"}}};
  const std::array<Choice, 3> selectors = {{{"all", ""},
                                            {"red label", "labelSelector=color%3Dred"},
                                            {"red field", "fieldSelector=spec.color%3Dred"}}};
  for (const Choice& version : versions) {
    for (const Choice& match : matches) {
      for (const Choice& page : pages) {
        for (const Choice& selector : selectors) {
          EXPECT_EQ(list(chosen({version, match, page, selector})),
                    expected_list(version.name, match.name, page.name, selector.name))
              << "version " << version.name << ", match " << match.name << ", page " << page.name
              << ", " << selector.name;
        }
      }
    }
  }
}

Expected expected_watch(const std::string& version, const std::string& match,
                        const std::string& initial, const std::string& bookmarks,
                        const std::string& selector) {
  if (initial != "unset" && match != "not older") return {422};
  if (initial == "unset" && match != "unset") return {422};
  if (version == "odd") return {500};
  const bool any = version == "unset" || version == "zero";
  const bool starts = initial == "yes" || (initial == "unset" && any);
  if (initial == "yes" && version == "future") return {504};
  std::string events;
  if (starts) {
    events = selector == "all" ? "Aa2 Ac1 Ad1 " : "Aa2 Ac1 ";
    if (initial == "yes" || bookmarks == "yes") events += "END ";
  } else if (version == "compacted") {
    events = "ERROR410 ";
  } else if (version == "past") {
    events = selector == "all" ? "Ma2 Db1 Ad1 " : "Ma2 ";
  }
  return {200, events};
}

TEST_F(ApiStates, Every_watch_starts_where_its_parameters_say) {
  const std::array<Choice, 7> versions = {{{"unset", ""},
                                           {"zero", "resourceVersion=0"},
                                           {"compacted", "resourceVersion=" + old_},
                                           {"past", "resourceVersion=" + past_},
                                           {"now", "resourceVersion=" + now_},
                                           {"future", std::string("resourceVersion=") + kFuture},
                                           {"odd", "resourceVersion=abc"}}};
  const std::array<Choice, 4> matches = {{{"unset", ""},
                                          {"exact", "resourceVersionMatch=Exact"},
                                          {"not older", "resourceVersionMatch=NotOlderThan"},
                                          {"odd", "resourceVersionMatch=Loose"}}};
  const std::array<Choice, 3> initials = {
      {{"unset", ""}, {"yes", "sendInitialEvents=true"}, {"no", "sendInitialEvents=false"}}};
  const std::array<Choice, 2> bookmarks = {{{"no", ""}, {"yes", "allowWatchBookmarks=true"}}};
  const std::array<Choice, 3> selectors = {{{"all", ""},
                                            {"red label", "labelSelector=color%3Dred"},
                                            {"red field", "fieldSelector=spec.color%3Dred"}}};
  const Choice watching{"", "watch=1"};
  for (const Choice& version : versions) {
    for (const Choice& match : matches) {
      for (const Choice& initial : initials) {
        for (const Choice& bookmark : bookmarks) {
          for (const Choice& selector : selectors) {
            EXPECT_EQ(watch(chosen({watching, version, match, initial, bookmark, selector})),
                      expected_watch(version.name, match.name, initial.name, bookmark.name,
                                     selector.name))
                << "version " << version.name << ", match " << match.name << ", initial "
                << initial.name << ", bookmarks " << bookmark.name << ", " << selector.name;
          }
        }
      }
    }
  }
}

TEST_F(ApiStates, Every_get_is_answered_from_a_state_that_is_new_enough) {
  const std::array<std::pair<std::string, std::string>, 3> objects = {
      {{"a", "a2 "}, {"b", ""}, {"never", ""}}};
  const std::array<std::pair<std::string, int>, 7> versions = {{{"", 200},
                                                                {"0", 200},
                                                                {old_, 200},
                                                                {past_, 200},
                                                                {now_, 200},
                                                                {kFuture, 504},
                                                                {"abc", 400}}};
  for (const auto& [name, content] : objects) {
    for (const auto& [version, status] : versions) {
      const Answer answer = api_.get(kWidgetsPath + "/" + name +
                                     (version.empty() ? "" : "?resourceVersion=" + version));
      const int expected = status == 200 && content.empty() ? 404 : status;
      EXPECT_EQ(answer.status, expected) << name << " at " << version << answer.body;
      if (expected == 200) {
        EXPECT_EQ(word(answer.json()), content);
      }
    }
  }
}

/// Writes against an object that is not there, there, or held by a finalizer on its way out.
class ApiMutations : public testing::Test {
 protected:
  enum class State { Absent, Present, Deleting };

  /// A fresh object in a state; its path.
  std::string object_in(State state) {
    name_ = "w" + std::to_string(++made_);
    const std::string path = kWidgetsPath + "/" + name_;
    if (state == State::Absent) return path;
    const Json held =
        state == State::Deleting ? Json({{"finalizers", {"test.dev/hold"}}}) : Json::object();
    const Answer made = api_.post(kWidgetsPath, shop_widget(name_, {{"size", 1}}, held));
    EXPECT_EQ(made.status, 201) << made.body;
    uid_ = text_at(made.json(), {"metadata", "uid"});
    version_ = text_at(made.json(), {"metadata", "resourceVersion"});
    if (state == State::Deleting) {
      const Answer marked = api_.remove(path);
      EXPECT_EQ(marked.status, 200);
      version_ = text_at(marked.json(), {"metadata", "resourceVersion"});
    }
    return path;
  }

  Json body(const std::string& version, const std::string& uid = {}) const {
    Json metadata = Json::object();
    if (!version.empty()) metadata["resourceVersion"] = version;
    if (!uid.empty()) metadata["uid"] = uid;
    return shop_widget(name_, {{"size", 2}}, metadata);
  }

  Answer remove(const std::string& path, const Json& preconditions) {
    return api_.ask({"DELETE", path, Json({{"preconditions", preconditions}}).dump()});
  }

  /// One kind of write and its code in each state.
  struct Row {
    const char* what;
    std::function<Answer(const std::string& path)> write;
    int absent, present, deleting;
  };
  void meet_every_state(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const std::pair<State, int> states[] = {{State::Absent, row.absent},
                                              {State::Present, row.present},
                                              {State::Deleting, row.deleting}};
      for (const auto& [state, status] : states) {
        const std::string path = object_in(state);
        const int64_t before = api_.store().revision();
        const Answer answer = row.write(path);
        EXPECT_EQ(answer.status, status)
            << row.what << " in state " << static_cast<int>(state) << answer.body;
        // A refusal stores nothing, and no version is used up by it.
        if (status >= 400) {
          EXPECT_EQ(api_.store().revision(), before) << row.what;
        }
      }
    }
  }

  const std::string kOtherUid = "11111111-1111-1111-1111-111111111111";
  ServedApi api_;
  int made_ = 0;
  std::string name_, uid_, version_;
};

TEST_F(ApiMutations, Creates_and_updates_meet_every_state) {
  meet_every_state(
      {{"create", [&](auto&) { return api_.post(kWidgetsPath, body("")); }, 201, 409, 409},
       {"create with a version", [&](auto&) { return api_.post(kWidgetsPath, body("7")); }, 500,
        500, 500},
       {"update", [&](auto& path) { return api_.put(path, body(version_)); }, 404, 200, 200},
       {"update without a version", [&](auto& path) { return api_.put(path, body("")); }, 404, 422,
        422},
       {"update of an old version", [&](auto& path) { return api_.put(path, body("1")); }, 404, 409,
        409},
       {"update of another object",
        [&](auto& path) { return api_.put(path, body(version_, kOtherUid)); }, 404, 409, 409}});
}

TEST_F(ApiMutations, Patches_and_applies_meet_every_state) {
  const Json patch = {{"spec", {{"size", 2}}}};
  meet_every_state(
      {{"merge patch", [&](auto& path) { return api_.merge(path, patch); }, 404, 200, 200},
       {"merge patch of an old version",
        [&](auto& path) {
          return api_.merge(path,
                            {{"metadata", {{"resourceVersion", "1"}}}, {"spec", {{"size", 3}}}});
        },
        404, 409, 409},
       {"json patch",
        [&](auto& path) {
          return api_.json_patch(path, {{{"op", "replace"}, {"path", "/spec/size"}, {"value", 2}}});
        },
        404, 200, 200},
       {"json patch whose test fails",
        [&](auto& path) {
          return api_.json_patch(path, {{{"op", "test"}, {"path", "/spec/size"}, {"value", 9}}});
        },
        404, 422, 422},
       {"apply", [&](auto& path) { return api_.apply(path, body(""), "m", "&force=true"); }, 201,
        200, 200},
       {"apply of an old version",
        [&](auto& path) { return api_.apply(path, body("1"), "m", "&force=true"); }, 409, 409, 409},
       {"status patch",
        [&](auto& path) {
          return api_.merge(path + "/status", {{"status", {{"phase", "x"}}}});
        },
        404, 200, 200},
       {"scale",
        [&](auto& path) {
          return api_.merge(path + "/scale", {{"spec", {{"replicas", 2}}}});
        },
        404, 200, 200}});
}

TEST_F(ApiMutations, Deletes_and_finalizers_meet_every_state) {
  meet_every_state({{"delete", [&](auto& path) { return api_.remove(path); }, 404, 200, 200},
                    {"delete of this object",
                     [&](auto& path) {
                       return remove(path, {{"uid", uid_}});
                     },
                     404, 200, 200},
                    {"delete of another object",
                     [&](auto& path) {
                       return remove(path, {{"uid", kOtherUid}});
                     },
                     404, 409, 409},
                    {"delete of this version",
                     [&](auto& path) {
                       return remove(path, {{"resourceVersion", version_}});
                     },
                     404, 200, 200},
                    {"delete of an old version",
                     [&](auto& path) {
                       return remove(path, {{"resourceVersion", "1"}});
                     },
                     404, 409, 409},
                    {"a new finalizer",
                     [&](auto& path) {
                       return api_.merge(
                           path,
                           {{"metadata", {{"finalizers", {"test.dev/hold", "test.dev/more"}}}}});
                     },
                     404, 200, 422},
                    {"no finalizer",
                     [&](auto& path) {
                       return api_.merge(path, {{"metadata", {{"finalizers", nullptr}}}});
                     },
                     404, 200, 200}});
}

TEST_F(ApiMutations, A_dry_run_answers_alike_and_stores_nothing) {
  for (const State state : {State::Absent, State::Present, State::Deleting}) {
    const std::string path = object_in(state);
    const int64_t before = api_.store().revision();
    const bool there = state != State::Absent;
    EXPECT_EQ(api_.post(kWidgetsPath + "?dryRun=All", body("")).status, there ? 409 : 201);
    EXPECT_EQ(api_.merge(path + "?dryRun=All", {{"spec", {{"size", 3}}}}).status,
              there ? 200 : 404);
    EXPECT_EQ(api_.apply(path, body(""), "m", "&force=true&dryRun=All").status, there ? 200 : 201);
    EXPECT_EQ(api_.remove(path + "?dryRun=All").status, there ? 200 : 404);
    EXPECT_EQ(api_.store().revision(), before);
  }
}

}  // namespace
}  // namespace charter::test
