#include "reconcilers/preview/departures.h"

#include "reconcilers/preview/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::preview {
namespace {

const std::string kUrl = "https://git.example.org/platform/capacity.git";

Json object(const std::string& kind, const std::string& name, const std::string& manager) {
  Json out = {{"apiVersion", kind == "ConfigMap" ? "v1" : "charter.dev/v1alpha1"},
              {"kind", kind},
              {"metadata", {{"namespace", "team"}, {"name", name}, {"uid", name}}}};
  out["metadata"]["managedFields"] = Json::array();
  out["metadata"]["managedFields"].push_back({{"manager", manager}});
  return out;
}

Json entry(const Json& of, bool adopted = false) {
  return {{"apiVersion", of["apiVersion"]},
          {"kind", of["kind"]},
          {"namespace", "team"},
          {"name", of["metadata"]["name"]},
          {"adopted", adopted}};
}

Json source(const std::vector<Json>& inventory, Json spec = Json::object()) {
  Json out = {{"apiVersion", "charter.dev/v1alpha1"},
              {"kind", "GitSource"},
              {"metadata", {{"name", "apps"}, {"uid", "apps"}}},
              {"spec",
               {{"url", "git@git.example.org:platform/capacity"},
                {"path", "prod"},
                {"prune", true},
                {"serviceAccount", {{"namespace", "team"}, {"name", "deployer"}}}}}};
  out["spec"].update(spec);
  out["status"]["inventory"] = inventory;
  return out;
}

const std::string kOurs = "charter-git-apps";

/// A source that applies `kept` and `left`, of which a commit has only the first.
Rehearsed seen(const Json& left, Json spec = Json::object(), bool adopted = false) {
  const Json kept = object("ConfigMap", "kept", kOurs);
  Rehearsed out;
  out.before = {kept, left, source({entry(kept), entry(left, adopted)}, std::move(spec))};
  out.after = out.before;
  out.documents = {
      {"a.yaml", "ConfigMap", {"team", "kept"}, RehearsedDocument::Outcome::Unchanged, "", {}}};
  out.origin = DocumentOrigin{kUrl, "/prod/", "fewer", "c1", "Ada", "fewer"};
  return out;
}

std::string told(const Rehearsed& one) {
  std::string text;
  for (const auto& departure : departures(one))
    text += departure.kind + " " + to_string(departure.name) + " " + fate_text(departure) + ";";
  return text;
}

TEST(Departures, WhatTheCommitNoLongerHasIsToldByWhatBecomesOfIt) {
  const Json left = object("ConfigMap", "left", kOurs);
  EXPECT_EQ(told(seen(left)), "ConfigMap team/left would be pruned;");
  EXPECT_EQ(told(seen(left, {{"prune", false}})), "ConfigMap team/left stays: prune is off;");
  EXPECT_EQ(told(seen(left, {{"suspend", true}})),
            "ConfigMap team/left stays: the source is suspended;");
  EXPECT_EQ(told(seen(left, Json::object(), true)),
            "ConfigMap team/left stays: it was there before the source applied it;");
  EXPECT_EQ(told(seen(object("ConfigMap", "left", "kubectl"))),
            "ConfigMap team/left stays: no field of it is the source's any more;");
  Json bare = left;
  bare["metadata"].erase("managedFields");
  EXPECT_EQ(told(seen(bare)), "ConfigMap team/left would be pruned;") << "nobody has a field in it";
  const std::string guarded = told(seen(object("Volume", "left", kOurs)));
  EXPECT_TRUE(guarded.starts_with("Volume team/left blocked: its data would be lost; confirm with"))
      << guarded;
}

TEST(Departures, OneThatIsBlockedBlocksTheOthers) {
  const Json volume = object("Volume", "data", kOurs);
  const Json left = object("ConfigMap", "left", kOurs);
  Rehearsed one = seen(left);
  one.before.push_back(volume);
  one.before[2]["status"]["inventory"].push_back(entry(volume));
  EXPECT_NE(told(one).find("ConfigMap team/left blocked: nothing is deleted while another"),
            std::string::npos)
      << told(one);
  Rehearsed refused = seen(left);
  refused.documents[0].outcome = RehearsedDocument::Outcome::Refused;
  EXPECT_NE(told(refused).find("blocked: nothing of the commit is applied"), std::string::npos);
}

TEST(Departures, WhatIsGoneOrGoingAndOtherSourcesAreNotToldOf) {
  const Json left = object("ConfigMap", "left", kOurs);
  Json going = left;
  going["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z";
  EXPECT_EQ(told(seen(going)), "");
  Rehearsed gone = seen(left);
  gone.before.erase(gone.before.begin() + 1);
  EXPECT_EQ(told(gone), "");
  EXPECT_EQ(told(seen(left, {{"path", "staging"}})), "");
  EXPECT_EQ(told(seen(left, {{"url", "https://git.example.org/platform/other"}})), "");
  Rehearsed files = seen(left);
  files.origin.reset();
  EXPECT_EQ(told(files), "");
}

TEST(Departures, ARepositoryIsTheSameHoweverItsAddressIsWritten) {
  for (const char* other :
       {"https://GIT.example.org/platform/capacity",
        "https://git.example.org:443/platform/capacity/",
        "ssh://git@git.example.org/platform/capacity.git", "ada@git.example.org:platform/capacity"})
    EXPECT_TRUE(same_repository(kUrl, other)) << other;
  for (const char* other :
       {"https://git.example.org/platform/capacity2", "https://example.org/platform/capacity.git",
        "https://git.example.org:8443/platform/capacity.git", "file:///platform/capacity",
        "https://git.example.org/Platform/capacity", "nonsense", ""})
    EXPECT_FALSE(same_repository(kUrl, other)) << other;
  EXPECT_TRUE(same_repository("file:///srv/a", "file:///srv/a/"));
  EXPECT_FALSE(same_repository("file:///srv/a", "file:///srv/a.git"));
}

TEST(Departures, TheirKindsAreAskedForOnce) {
  const Json left = object("ConfigMap", "left", kOurs);
  const Rehearsed one = seen(left);
  const auto kinds = kinds_of_sources(*one.origin, one.before);
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0], (Json{{"apiVersion", "v1"}, {"kind", "ConfigMap"}}));
}

TEST(Departures, EveryFormTellsThemAndThePlanHasChanges) {
  const Rehearsed one = seen(object("ConfigMap", "left", kOurs));
  const PlanReport people = report(one, PlanForm::ForPeople);
  EXPECT_TRUE(people.changes);
  EXPECT_NE(people.text.find("No longer in the repository:\n"
                             "  ConfigMap team/left: would be pruned (GitSource apps)\n"),
            std::string::npos)
      << people.text;
  EXPECT_NE(people.text.find("0 destroyed, 1 pruned, 0 refused"), std::string::npos);
  const auto json = parse_json(report(one, PlanForm::ForPrograms).text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("departures").at(0), (Json{{"kind", "ConfigMap"},
                                                {"namespace", "team"},
                                                {"name", "left"},
                                                {"source", "apps"},
                                                {"fate", "Pruned"},
                                                {"why", ""}}));
  const std::string comment = report(one, PlanForm::ForReviews).text;
  EXPECT_TRUE(comment.starts_with("### Charter plan: 1 pruned\n")) << comment;
  EXPECT_NE(comment.find("| `ConfigMap team/left` | `would be pruned` | `apps` |"),
            std::string::npos);
  const PlanReport off =
      report(seen(object("ConfigMap", "left", kOurs), {{"prune", false}}), PlanForm::ForPeople);
  EXPECT_FALSE(off.changes);
  EXPECT_NE(off.text.find("stays: prune is off"), std::string::npos);
}

}  // namespace
}  // namespace charter::preview
