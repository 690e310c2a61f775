#include "drivers/size_rounding.h"
#include "reconcilers/volume/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

// From every state of a small space a volume's plan comes to rest, and takes nothing away that
// nobody asked to go.
namespace charter::volume {
namespace {

constexpr int kPassesMax = 20;

/// A volume and the world around it.
struct Scene {
  Volume volume;
  Observed have;

  bool deleting() const { return !volume.meta.deleted.empty(); }

  void carry_out(const Action& action) {
    if (std::holds_alternative<Create>(action)) {
      have.ext = VolumeState{
          .uid = "u", .external_id = "vol-1", .host = "h1", .size_bytes = volume.spec.size_bytes};
    } else if (const auto* grow = std::get_if<Grow>(&action)) {
      EXPECT_GT(grow->size_bytes, have.ext->size_bytes);
      have.ext->size_bytes = grow->size_bytes;
    } else if (const auto* attach = std::get_if<Attach>(&action)) {
      have.ext->attached_to.push_back(attach->machine_uid);
      std::sort(have.ext->attached_to.begin(), have.ext->attached_to.end());
    } else if (const auto* detach = std::get_if<Detach>(&action)) {
      EXPECT_EQ(std::erase(have.ext->attached_to, detach->machine_uid), 1U);
    } else {
      EXPECT_TRUE(deleting()) << "destroyed though nobody asked";
      EXPECT_EQ(volume.spec.reclaim_policy, ReclaimPolicy::Delete);
      EXPECT_TRUE(have.ext->attached_to.empty()) << "destroyed under a machine";
      have.ext.reset();
    }
    have.attached_names.clear();
    for (const auto& target : have.targets) {
      if (have.ext && std::binary_search(have.ext->attached_to.begin(), have.ext->attached_to.end(),
                                         target.uid))
        have.attached_names.push_back(target.name);
    }
  }

  /// Passes until neither action nor status changes; beyond kPassesMax there is no rest.
  int passes_to_rest() {
    for (int pass = 1; pass <= kPassesMax; ++pass) {
      const Step step = plan(volume, have);
      if (!step.release.empty()) {
        EXPECT_TRUE(deleting());
        return pass;
      }
      const bool same = !step.action && step.status == volume.status;
      volume.status = step.status;
      if (step.action) carry_out(*step.action);
      if (same) return pass;
    }
    return kPassesMax + 1;
  }
};

std::vector<std::optional<VolumeState>> externals() {
  std::vector<std::optional<VolumeState>> all = {std::nullopt};
  for (const int64_t size : {int64_t{50}, int64_t{100}, 100 + kSizeRounding}) {
    for (const auto& attached :
         std::vector<std::vector<std::string>>{{}, {"m"}, {"n"}, {"m", "n"}, {"stranger"}}) {
      all.push_back(VolumeState{.uid = "u",
                                .external_id = "vol-1",
                                .host = "h1",
                                .size_bytes = size,
                                .attached_to = attached});
    }
  }
  return all;
}

std::vector<std::vector<Target>> targets() {
  std::vector<std::vector<Target>> all = {{}};
  for (const bool exists : {false, true}) {
    for (const bool going : {false, true}) {
      const Target m{.name = "m0", .uid = "m", .exists = exists, .going = going};
      const Target n{.name = "n0", .uid = "n", .exists = true};
      all.push_back({m});
      all.push_back({m, n});
    }
  }
  return all;
}

TEST(VolumePlanFixedPoint, EveryStateOfTheSmallSpaceSettles) {
  int states = 0;
  for (const auto& ext : externals()) {
    for (const auto& wanted : targets()) {
      for (const bool made : {false, true}) {
        for (const bool placed : {false, true}) {
          for (const bool deleting : {false, true}) {
            for (const auto mode : {DriftMode::Correct, DriftMode::Report, DriftMode::Ignore}) {
              for (const auto policy :
                   {ReclaimPolicy::Delete, ReclaimPolicy::Retain, ReclaimPolicy::Detach}) {
                if (!placed && (ext || made)) continue;  // only looked for once it is noted
                Scene scene;
                scene.volume.meta.uid = "u";
                scene.volume.spec.size_bytes = 100;
                scene.volume.spec.drift_policy.mode = mode;
                scene.volume.spec.reclaim_policy = policy;
                if (placed) scene.volume.status.provider = "p";
                if (made) scene.volume.status.external_id = "vol-1";
                if (deleting) scene.volume.meta.deleted = "2026-06-01T00:00:00Z";
                scene.have = {.provider = "p", .ext = ext, .targets = wanted};
                ++states;
                EXPECT_LE(scene.passes_to_rest(), kPassesMax)
                    << "size " << (ext ? ext->size_bytes : 0) << " targets " << wanted.size()
                    << " made " << made << " placed " << placed << " deleting " << deleting
                    << to_word(mode) << to_word(policy);
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(states, 5'000);
}

}  // namespace
}  // namespace charter::volume
