#include "reconcilers/preview/effects.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::preview {
namespace {

Json object(const std::string& kind, const std::string& name, Json rest = Json::object()) {
  Json made = {{"kind", kind},
               {"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", "u-" + name}}}};
  made.merge_patch(rest);
  return made;
}

Json machine(Json status, const std::string& uid = "u1") {
  return object("Machine", "m0",
                {{"metadata", {{"uid", uid}}}, {"spec", {{"vcpus", 4}}}, {"status", status}});
}

Json ready(const char* status, const char* reason) {
  return {{"status",
           {{"conditions",
             {{{"type", "Ready"}, {"status", status}, {"reason", reason}, {"message", "m"}}}}}}};
}

std::string told(const std::vector<ObjectEffect>& effects) {
  std::string text;
  for (const auto& effect : effects) {
    text += std::string(to_word(effect.effect)) + " " + effect.kind + "/" + effect.name.name;
    for (const auto& field : effect.fields)
      text += " " + field.path + ":" + field.from + ">" + field.to;
    text += ";";
  }
  return text;
}

std::string told(const Json& was, const Json& is) {
  return told(effects_between({was}, {is}));
}

TEST(Effects, NameWhatIsNewWhatIsGoneAndWhatDiffers) {
  const std::vector<Json> before = {object("Contract", "a"), object("Contract", "b"),
                                    object("Contract", "c", {{"spec", {{"n", 1}}}})};
  const std::vector<Json> after = {object("Contract", "b"),
                                   object("Contract", "c", {{"spec", {{"n", 2}}}}),
                                   object("Contract", "d")};
  EXPECT_EQ(told(effects_between(before, after)),
            "destroyed Contract/a;changed in place Contract/c spec.n:1>2;created Contract/d;");
}

TEST(Effects, AreNoneWhenOnlyStatusAndBookkeepingDiffer) {
  const Json was = object("Contract", "a", {{"status", {{"x", 1}}}});
  const Json is =
      object("Contract", "a",
             {{"status", {{"x", 2}}},
              {"metadata",
               {{"resourceVersion", "7"},
                {"annotations", {{"kubectl.kubernetes.io/last-applied-configuration", "{}"}}}}}});
  EXPECT_EQ(told(was, is), "");
}

TEST(Effects, ShowLabelsAndElementsOfListsByTheirPath) {
  EXPECT_EQ(told(object("Image", "a", {{"spec", {{"list", {1, 2}}}}}),
                 object("Image", "a",
                        {{"spec", {{"list", {1, 3}}}}, {"metadata", {{"labels", {{"k", "v"}}}}}})),
            "changed in place Image/a spec.list[1]:2>3 metadata:>{\"labels\":{\"k\":\"v\"}};");
}

TEST(Effects, NeverShowWhatASecretHolds) {
  const auto text = told(object("Secret", "s", {{"data", {{"password", "b2xk"}}}}),
                         object("Secret", "s", {{"data", {{"password", "bmV3"}}}}));
  EXPECT_EQ(text, "changed in place Secret/s data.password:(hidden)>(hidden);");
}

TEST(Effects, TellARestartFromAChangeAndFromAReplacement) {
  const Json ran = machine({{"power", "On"}, {"bootedAt", "t1"}, {"externalID", "vm-1"}});
  EXPECT_EQ(told(ran, machine({{"power", "On"}, {"bootedAt", "t1"}, {"externalID", "vm-1"}})), "");
  EXPECT_EQ(told(ran, machine({{"power", "On"}, {"bootedAt", "t2"}, {"externalID", "vm-1"}})),
            "restarted Machine/m0;");
  EXPECT_EQ(told(ran, machine({{"power", "Off"}, {"externalID", "vm-1"}})), "")
      << "a stop is told by the spec that asked for it";
  EXPECT_EQ(told(ran, machine({{"power", "On"}, {"bootedAt", "t2"}, {"externalID", "vm-2"}})),
            "replaced Machine/m0;");
  EXPECT_EQ(told(ran, machine({{"power", "On"}, {"bootedAt", "t1"}}, "u2")),
            "replaced Machine/m0;");
}

TEST(Effects, CountADeletionThatIsUnderWayOnlyWhenItBegins) {
  const Json deleting = object("Image", "a", {{"metadata", {{"deletionTimestamp", "t"}}}});
  EXPECT_EQ(told(object("Image", "a"), deleting), "destroyed Image/a;");
  EXPECT_EQ(told(deleting, deleting), "");
}

TEST(Waits, AreToldForWhatDiffersAndForWhatWaitsForSomethingNew) {
  const auto reasons = [](const Json& was, const Json& is) {
    std::string text;
    for (const auto& wait : waits_between({was}, {is}))
      text += wait.reason + ";";
    return text;
  };
  Json waiting = object("ServiceInstance", "i", ready("Unknown", "WaitForCapacity"));
  EXPECT_EQ(reasons(waiting, waiting), "") << "it waited before, nobody changed it";
  EXPECT_EQ(reasons(object("ServiceInstance", "i", ready("True", "Ready")), waiting),
            "WaitForCapacity;");
  EXPECT_EQ(reasons(waiting, object("ServiceInstance", "i", ready("True", "Ready"))), "");
  Json changed = waiting;
  changed["spec"]["replicas"] = 2;
  EXPECT_EQ(reasons(waiting, changed), "WaitForCapacity;");
}

TEST(Placements, AreToldWhenTheyAreNew) {
  const Json unplaced = object("ServiceInstance", "i");
  const Json placed =
      object("ServiceInstance", "i", {{"status", {{"placement", {{"provider", "west"}}}}}});
  EXPECT_EQ(new_placements({unplaced}, {placed}).size(), 1U);
  EXPECT_EQ(new_placements({placed}, {placed}).size(), 0U);
}

}  // namespace
}  // namespace charter::preview
