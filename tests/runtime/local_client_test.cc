#include "controller/runtime/local_client.h"

#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using test::kWidgets;
using test::widget;

std::vector<std::string> drain(Watch& watch) {
  std::vector<std::string> lines;
  auto events = watch.take(100);
  EXPECT_TRUE(events);
  for (const WatchEvent& event : *events) {
    lines.push_back("AMDB"[static_cast<size_t>(event.kind)] + event.object->header().name);
    EXPECT_EQ(event.object->header().version, event.version);
  }
  return lines;
}
using Lines = std::vector<std::string>;

TEST(LocalClientTest, A_selected_watch_sees_objects_enter_and_leave_its_selection) {
  test::LocalApi api;
  auto client = api.client();
  auto watch = client->watch(kWidgets, {"lab", "team=red", ""}, api.store().revision());
  ASSERT_TRUE(watch);
  Json a = widget("a");
  api.create(kWidgets, a);
  api.create(kWidgets, widget("elsewhere", "default"));
  EXPECT_EQ(drain(**watch), Lines{});
  Json tree = api.get(kWidgets, {"lab", "a"})->tree();
  const auto label = [&](const std::string& team) {
    tree["metadata"]["labels"]["team"] = team;
    auto written = client->update(kWidgets, tree, Part::Main);
    ASSERT_TRUE(written);
    tree = (*written)->tree();
  };
  label("red");
  EXPECT_EQ(drain(**watch), Lines{"Aa"});
  tree["spec"]["size"] = 4;
  label("red");
  EXPECT_EQ(drain(**watch), Lines{"Ma"});
  label("blue");
  EXPECT_EQ(drain(**watch), Lines{"Da"});
  api.remove(kWidgets, {"lab", "a"});
  EXPECT_EQ(drain(**watch), Lines{});
}

TEST(LocalClientTest, A_watch_pokes_for_its_own_bucket_only_and_not_after_its_end) {
  test::LocalApi api;
  auto client = api.client();
  auto watch = client->watch(kWidgets, {}, api.store().revision());
  int pokes = 0;
  (*watch)->on_ready([&] { ++pokes; });
  api.create(test::kConfigMaps, {{"apiVersion", "v1"},
                                 {"kind", "ConfigMap"},
                                 {"metadata", {{"name", "m"}, {"namespace", "lab"}}}});
  EXPECT_EQ(pokes, 0);
  api.create(kWidgets, widget("a"));
  EXPECT_EQ(pokes, 1);
  watch->reset();
  api.create(kWidgets, widget("b"));
  EXPECT_EQ(pokes, 1);
}

TEST(LocalClientTest,
     A_watch_from_a_compacted_version_answers_expired_but_an_idle_one_survives_compaction) {
  test::LocalApi api;
  auto client = api.client();
  auto idle = client->watch(kWidgets, {}, api.store().revision());
  api.create(kWidgets, widget("a"));
  auto old = client->watch(kWidgets, {}, 1);
  EXPECT_EQ(drain(**idle), Lines{"Aa"});
  api.create(test::kConfigMaps, {{"apiVersion", "v1"},
                                 {"kind", "ConfigMap"},
                                 {"metadata", {{"name", "m"}, {"namespace", "lab"}}}});
  EXPECT_EQ(drain(**idle), Lines{});
  api.store().compact(api.store().revision());
  EXPECT_EQ(drain(**idle), Lines{});
  auto taken = (*old)->take(10);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::Expired);
}

TEST(LocalClientTest, Lists_select_by_labels_names_and_namespace) {
  test::LocalApi api;
  auto client = api.client();
  Json red = widget("a");
  red["metadata"]["labels"]["team"] = "red";
  api.create(kWidgets, red);
  api.create(kWidgets, widget("b"));
  api.create(kWidgets, widget("b", "default"));
  struct Row {
    Selection selection;
    size_t count;
  };
  for (const Row& row :
       {Row{{}, 3}, Row{{"lab", "", ""}, 2}, Row{{"", "team=red", ""}, 1},
        Row{{"", "team!=red", ""}, 2}, Row{{"", "", "metadata.name=b"}, 2},
        Row{{"lab", "", "metadata.name=b"}, 1}, Row{{"", "", "metadata.namespace=default"}, 1}}) {
    auto list = client->list(kWidgets, row.selection);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->objects.size(), row.count)
        << row.selection.label_selector << row.selection.field_selector;
    EXPECT_EQ(list->version, api.store().revision());
  }
  EXPECT_EQ(client->list(kWidgets, {"", "a in", ""}).error().code, Code::BadRequest);
}

TEST(LocalClientTest, Errors_carry_kubernetes_codes) {
  test::LocalApi api;
  auto client = api.client();
  EXPECT_EQ(client->get({"no.dev", "v1", "things"}, {"lab", "x"}).error().code, Code::NotFound);
  EXPECT_EQ(client->get(kWidgets, {"lab", "x"}).error().message,
            "widgets.test.dev \"x\" not found");
  ObjectPtr a = api.create(kWidgets, widget("a"));
  EXPECT_EQ(client->create(kWidgets, widget("a")).error().code, Code::AlreadyExists);
  Json unknown = widget("b");
  unknown["spec"]["bogus"] = 1;
  EXPECT_EQ(client->create(kWidgets, unknown).error().code, Code::BadRequest)
      << "strict validation";
  EXPECT_EQ(client->remove(kWidgets, {"lab", "a"}, {"other-uid", 0, ""}).error().code,
            Code::Conflict);
  EXPECT_EQ(client->remove(kWidgets, {"lab", "a"}, {"", 999, ""}).error().code, Code::Conflict);
  Json next = a->tree();
  next["spec"]["size"] = 2;
  ASSERT_TRUE(client->update(kWidgets, next, Part::Main));
  next["spec"]["size"] = 3;
  EXPECT_EQ(client->update(kWidgets, next, Part::Main).error().code, Code::Conflict);
}

TEST(LocalClientTest, Status_writes_leave_the_spec_alone) {
  test::LocalApi api;
  Json next = api.create(kWidgets, widget("a"))->tree();
  next["spec"]["size"] = 99;
  next["status"]["seen"] = 1;
  auto written = api.client()->update(kWidgets, next, Part::Status);
  ASSERT_TRUE(written);
  EXPECT_EQ(int_at((*written)->tree(), {"spec", "size"}), 1);
  EXPECT_EQ(int_at((*written)->tree(), {"status", "seen"}), 1);
}

}  // namespace
}  // namespace charter
