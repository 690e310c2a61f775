#include "reconcilers/git_source/receiver.h"

#include "controller/base/base64.h"
#include "controller/base/object_gauges.h"
#include "controller/object/hmac.h"
#include "reconcilers/git_source/reconciler.h"
#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Pushes in a World: sources, Secrets and controllers are real, the repository is a fake that
// counts how often it is looked at.
namespace charter::git_source {
namespace {

using namespace std::chrono_literals;

const std::string kToken = "It's a Secret to Everybody";

/// A repository without manifests, on one commit.
class CountedReader final : public GitReader {
 public:
  Result<std::string> resolve(const GitRequest&) override {
    ++looks;
    if (during_a_look) std::exchange(during_a_look, nullptr)();
    return std::string(40, 'a');
  }
  Result<GitTree> read(const GitRequest&, const std::string& commit) override {
    GitTree tree;
    tree.commit.id = commit;
    return tree;
  }
  int looks = 0;
  std::function<void()> during_a_look;
};

/// Has nothing to apply.
class IdleApplier final : public Applier {
 public:
  Result<std::vector<ApplyFinding>> rehearse(const std::vector<Manifest>&,
                                             const ApplyAs&) override {
    return std::vector<ApplyFinding>();
  }
  Result<ObjectPtr> apply(const Json&, const ApplyAs&) override { return none(); }
  Result<ObjectPtr> preview(const Json&, const ApplyAs&) override { return none(); }
  ObjectPtr find(const ManifestTarget&) override { return nullptr; }
  Status remove(const ManifestTarget&, const std::string&, const ApplyAs&) override { return {}; }

 private:
  static Error none() { return {Code::InternalError, "nothing is to be applied"}; }
};

class GitSourceReceiver : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.apply(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer, namespace: shop}\n");
    set_token(kToken);
    world_.apply(source_yaml("apps"));
    world_.settle();
  }

  static std::string source_yaml(const std::string& name, const std::string& more = "") {
    return "apiVersion: charter.dev/v1alpha1\nkind: GitSource\nmetadata: {name: " + name +
           "}\nspec:\n  url: https://git.example.org/apps\n  ref: {branch: main}\n  interval: 1h\n"
           "  serviceAccount: {namespace: shop, name: deployer}\n"
           "  receiver: {type: GitHub, secretRef: {namespace: shop, name: push}}\n" +
           more;
  }

  void set_token(const std::string& token) {
    const std::string data = "{\"data\": {\"token\": \"" + encode_base64(token) + "\"}}";
    if (world_.exists("Secret", "shop/push")) return world_.edit("Secret", "shop/push", data);
    world_.apply(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: push, namespace: shop}\ndata: {token: " +
        encode_base64(token) + "}\n");
  }

  /// The answer's text, or its error's.
  std::string push(const std::string& name = "apps", const std::string& branch = "main",
                   const std::string& token = kToken) {
    const std::string body = "{\"ref\":\"refs/heads/" + branch + "\"}";
    const Headers headers = {
        {"x-github-event", "push"},
        {"x-hub-signature-256", "sha256=" + hex_text(hmac_sha256(token, body))}};
    const auto told = receivers_.find("gitsources")({name, headers, body, world_.store().view()});
    return told ? *told : told.error().message;
  }

  test::WorldOptions options() {
    test::WorldOptions out;
    out.add_controllers = [this](Manager& manager, DriverPool&) {
      add_to(manager, {&applier_, &receivers_, &gauges_, &metrics_}, &reader_);
    };
    return out;
  }

  CountedReader reader_;
  IdleApplier applier_;
  Receivers receivers_;
  ObjectGauges gauges_;
  Metrics metrics_;
  test::World world_{options()};
};

constexpr const char* kAccepted = "the repository is looked at now";
constexpr const char* kRefused = "Unauthorized";

TEST_F(GitSourceReceiver, APushIsLookedAtWithinASecondAndManyMakeOneLook) {
  EXPECT_EQ(reader_.looks, 1);
  world_.settle_for(10s);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(push(), kAccepted);
  world_.settle();
  EXPECT_EQ(reader_.looks, 2);
  EXPECT_EQ(push(), kAccepted);  // too soon: it waits for its second
  world_.settle();
  EXPECT_EQ(reader_.looks, 2);
  world_.settle_for(1s);
  EXPECT_EQ(reader_.looks, 3);
  world_.settle_for(30min);
  EXPECT_EQ(reader_.looks, 3);
}

TEST_F(GitSourceReceiver, PushesDuringALookMakeExactlyOneMore) {
  world_.settle_for(10s);
  reader_.during_a_look = [this] {
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(push(), kAccepted);
  };
  EXPECT_EQ(push(), kAccepted);
  world_.settle_for(1min);
  EXPECT_EQ(reader_.looks, 3);
}

TEST_F(GitSourceReceiver, NothingIsWrittenForAPushThatBringsNothingNew) {
  world_.settle_for(10s);
  const int64_t before = world_.commits();
  EXPECT_EQ(push(), kAccepted);
  world_.settle_for(1min);
  EXPECT_EQ(reader_.looks, 2);
  EXPECT_EQ(world_.commits(), before);
}

TEST_F(GitSourceReceiver, WhatIsRefusedOrElsewhereHasNoEffectAndAnswersAlike) {
  world_.apply(source_yaml("asleep", "  suspend: true\n"));
  world_.settle();
  EXPECT_EQ(push("apps", "other"), "the source does not follow this reference: nothing to do");
  EXPECT_EQ(push("apps", "main", "another token of length"), kRefused);
  EXPECT_EQ(push("absent"), kRefused);
  EXPECT_EQ(push("asleep"), kRefused);
  world_.edit("GitSource", "apps", "spec: {receiver: null}");
  world_.settle_for(10s);
  const int looks = reader_.looks;
  EXPECT_EQ(push(), kRefused);
  world_.settle_for(1min);
  EXPECT_EQ(reader_.looks, looks);
  EXPECT_EQ(world_.field("GitSource", "apps", "status.receiver.path"), "");
}

TEST_F(GitSourceReceiver, ANewTokenHoldsAtOnceAndTheOldOneNoMore) {
  EXPECT_EQ(push(), kAccepted);
  set_token("another token of length");
  EXPECT_EQ(push(), kRefused);
  EXPECT_EQ(push("apps", "main", "another token of length"), kAccepted);
  world_.remove("Secret", "shop/push");
  EXPECT_EQ(push("apps", "main", "another token of length"), kRefused);
}

TEST_F(GitSourceReceiver, TheStatusSaysWhereAndWhyNot) {
  EXPECT_EQ(world_.field("GitSource", "apps", "status.receiver.path"),
            "/receivers/gitsources/apps");
  EXPECT_TRUE(world_.is("GitSource", "apps", "ReceiverReady"));
  EXPECT_TRUE(world_.is("GitSource", "apps", "Ready"));
  set_token("short");
  world_.settle_for(2h);
  const std::string said = world_.explain("GitSource", "apps", "ReceiverReady");
  EXPECT_NE(said.find("shop/push"), std::string::npos) << said;
  EXPECT_NE(said.find("5 bytes"), std::string::npos) << said;
  EXPECT_EQ(said.find("short"), std::string::npos) << said;
  EXPECT_TRUE(world_.is("GitSource", "apps", "Ready")) << "the interval goes on";
  world_.expect_quiet();
}

TEST_F(GitSourceReceiver, TheSeriesOfASourceGoWithIt) {
  world_.settle_for(10s);
  const std::string ready = "charter_gitsource_ready{name=\"apps\"} 1\n";
  EXPECT_NE(gauges_.expose().find(ready), std::string::npos) << gauges_.expose();
  // 2026-06-01T00:00:00Z, when the World began.
  EXPECT_NE(gauges_.expose().find(
                "charter_gitsource_last_applied_timestamp_seconds{name=\"apps\"} 1780272000\n"),
            std::string::npos)
      << gauges_.expose();
  push();
  push("apps", "main", "another token of length");
  const std::string counted = metrics_.expose();
  EXPECT_NE(counted.find("charter_gitsource_pushes_total{outcome=\"accepted\"} 1"),
            std::string::npos);
  EXPECT_NE(counted.find("charter_gitsource_pushes_total{outcome=\"refused\"} 1"),
            std::string::npos);
  world_.remove("GitSource", "apps");
  world_.settle_for(10s);
  EXPECT_EQ(gauges_.expose(), "");
}

TEST_F(GitSourceReceiver, ASourceThatIsMadeAnewIsLookedAtAnew) {
  const int looks = reader_.looks;
  world_.remove("GitSource", "apps");
  world_.apply(source_yaml("apps"));
  world_.settle();
  EXPECT_EQ(reader_.looks, looks + 1);
}

}  // namespace
}  // namespace charter::git_source
