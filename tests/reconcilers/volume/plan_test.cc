#include "reconcilers/volume/plan.h"

#include "drivers/size_rounding.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

// The table of reconcilers/volume/plan.h, row by row.
namespace charter::volume {
namespace {

Volume volume(const std::string& provider = "p") {
  Volume v;
  v.meta.uid = "u";
  v.spec.size_bytes = 100;
  v.status.provider = provider;
  return v;
}

/// A volume that was made.
Volume made() {
  Volume v = volume();
  v.status.external_id = "vol-1";
  return v;
}

Volume with(Volume v, void (*change)(Volume&)) {
  change(v);
  return v;
}

VolumeState ext(std::vector<std::string> attached = {}, int64_t size = 100) {
  return {.uid = "u",
          .external_id = "vol-1",
          .host = "h1",
          .size_bytes = size,
          .attached_to = std::move(attached)};
}

Observed look(std::optional<VolumeState> state, std::vector<Target> targets = {}) {
  return {.provider = "p", .ext = std::move(state), .targets = std::move(targets)};
}

constexpr auto kDeleted = [](Volume& v) { v.meta.deleted = "2026-06-01T00:00:00Z"; };
constexpr auto kReport = [](Volume& v) { v.spec.drift_policy.mode = DriftMode::Report; };
constexpr auto kIgnore = [](Volume& v) { v.spec.drift_policy.mode = DriftMode::Ignore; };

struct Row {
  const char* name;
  Volume volume;
  Observed have;
  std::optional<Action> action;
  const char* reason;
};

std::vector<Row> rows() {
  const Target there{.name = "m0", .uid = "m", .exists = true};
  const Target missing{.name = "m0", .uid = "m"};
  return {
      {"deleting, attached", with(made(), kDeleted), look(ext({"m"})), Detach{"m"}, "Deleting"},
      {"deleting, free", with(made(), kDeleted), look(ext()), Remove{}, "Deleting"},
      {"unplaced",
       volume(""),
       {.blocker = Blocker{"WaitForCapacity", "full"}},
       {},
       "WaitForCapacity"},
      {"chosen", volume(""), {.provider = "p"}, {}, "Provisioning"},
      {"never made", volume(), look({}), Create{}, "Provisioning"},
      {"vanished, Correct", made(), look({}), Create{}, "Provisioning"},
      {"vanished, Report", with(made(), kReport), look({}), {}, "DriftReported"},
      {"vanished, Ignore", with(made(), kIgnore), look({}), {}, "Lost"},
      {"smaller", made(), look(ext({}, 50)), Grow{100}, "Growing"},
      {"not wanted there", made(), look(ext({"m"})), Detach{"m"}, "Detaching"},
      {"wanted there", made(), look(ext(), {there}), Attach{"m"}, "Attaching"},
      {"machine not there yet", made(), look(ext(), {missing}), {}, "Attaching"},
      {"larger", made(), look(ext({}, 100 + kSizeRounding)), {}, "ShrinkNotPossible"},
      {"rounded up", made(), look(ext({}, 99 + kSizeRounding)), {}, "Available"},
      {"attached", made(), look(ext({"m"}), {there}), {}, "Attached"},
      {"free", made(), look(ext()), {}, "Available"},
  };
}

TEST(VolumePlan, EachRowOfTheTable) {
  for (const auto& row : rows()) {
    const Step step = plan(row.volume, row.have);
    EXPECT_EQ(step.action, row.action) << row.name;
    EXPECT_EQ(step.ready.reason, row.reason) << row.name << ": " << step.ready.message;
    EXPECT_TRUE(step.release.empty()) << row.name;
  }
}

TEST(VolumePlan, WholeBlocksOfAHostAreCountedForNobody) {
  const Volume ordered = made();
  EXPECT_EQ(plan(ordered, look(ext({}, 99 + kSizeRounding))).status.size_bytes, 100);
  EXPECT_EQ(plan(ordered, look(ext({}, 100 + kSizeRounding))).status.size_bytes,
            100 + kSizeRounding);
  EXPECT_EQ(plan(ordered, look(ext({}, 50))).status.size_bytes, 50);
  Volume growing = made();
  growing.status.size_bytes = 100;
  growing.spec.size_bytes = 100'000;
  const Step step = plan(growing, look(ext({}, 99 + kSizeRounding)));
  EXPECT_EQ(step.action, Action(Grow{100'000}));
  EXPECT_EQ(step.status.size_bytes, 100) << "as before, until it has grown";
  Observed paid = look(ext({}, 99 + kSizeRounding));
  paid.contract_uid = "c";
  EXPECT_EQ(plan(ordered, paid).status.metering->allocated->size_bytes, 100);
}

TEST(VolumePlan, TheProviderIsNotedBeforeAnythingIsMadeThere) {
  const Step step = plan(volume(""), {.provider = "p"});
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.provider, "p");
}

TEST(VolumePlan, ReleasesWhatIsGoneUnplacedOrKept) {
  EXPECT_EQ(plan(with(volume(""), kDeleted), {}).release.size(), 1U);
  EXPECT_EQ(plan(with(made(), kDeleted), look({})).release.size(), 1U);
  for (const auto policy : {ReclaimPolicy::Retain, ReclaimPolicy::Detach}) {
    Volume v = with(made(), kDeleted);
    v.spec.reclaim_policy = policy;
    EXPECT_EQ(plan(v, look(ext({"m"}))).action, Action(Detach{"m"}));
    const Step step = plan(v, look(ext()));
    EXPECT_EQ(step.release.size(), 1U);
    EXPECT_FALSE(step.action);
    EXPECT_NE(step.events.at(0).message.find("vol-1 on provider p"), std::string::npos);
  }
}

TEST(VolumePlan, AnAttachmentLostOutsideFollowsTheDriftPolicy) {
  Volume v = made();
  v.status.attached_to = {"m0"};
  const auto have = look(ext(), {{.name = "m0", .uid = "m", .exists = true}});
  EXPECT_EQ(plan(v, have).action, Action(Attach{"m"}));
  const Step reported = plan(with(v, kReport), have);
  EXPECT_FALSE(reported.action);
  EXPECT_EQ(reported.ready.reason, "DriftReported");
  ASSERT_EQ(reported.status.drift.size(), 1U);
  v.status = reported.status;
  EXPECT_FALSE(plan(with(v, kReport), have).action) << "and stays reported";
}

}  // namespace
}  // namespace charter::volume
