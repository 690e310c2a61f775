#include "controller/runtime/leader_elector.h"

#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Several replicas on one Lease, each with its own view of one manual clock.
namespace charter {
namespace {

using namespace std::chrono_literals;

const Gvr kLeases{"coordination.k8s.io", "v1", "leases"};

class LeaderElectorTest : public testing::Test {
 protected:
  LeaderElector replica(const std::string& identity) {
    return {faulty_, settings(identity), api_.clock(), api_.random(), api_.metrics()};
  }
  static LeaderElectionSettings settings(const std::string& identity) {
    return {"lab", "charter", identity};
  }
  Json spec() { return api_.get(kLeases, {"lab", "charter"})->tree()["spec"]; }

  test::LocalApi api_;
  test::FaultyClient faulty_{api_.client()};
};

TEST_F(LeaderElectorTest, TheFirstLeadsAndTheOthersWait) {
  auto a = replica("a");
  auto b = replica("b");
  EXPECT_FALSE(a.leads());
  EXPECT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());
  EXPECT_TRUE(a.check());
  EXPECT_EQ(b.check().error().code, Code::Forbidden);
  EXPECT_EQ(b.holder(), "a");
  EXPECT_EQ(spec()["holderIdentity"], "a");
  EXPECT_EQ(spec()["leaseDurationSeconds"], 15);
  EXPECT_EQ(spec()["leaseTransitions"], 0);
}

TEST_F(LeaderElectorTest, ALeaderThatRenewsKeepsTheLeaseForEver) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  for (int i = 0; i < 100; ++i) {
    api_.clock().advance(2s);
    EXPECT_TRUE(a.attempt());
    EXPECT_FALSE(b.attempt());
  }
}

TEST_F(LeaderElectorTest, ASilentLeaderIsFollowedAfterTheLeaseAndNotBefore) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());  // sees the record now: its term counts from here
  api_.clock().advance(15s - 1ns);
  EXPECT_FALSE(b.attempt());
  api_.clock().advance(1ns);
  EXPECT_TRUE(b.attempt());
  EXPECT_EQ(spec()["holderIdentity"], "b");
  EXPECT_EQ(spec()["leaseTransitions"], 1);
}

// What a process that was stopped by SIGSTOP lives through: its clock has moved on when it wakes.
TEST_F(LeaderElectorTest, TheFenceClosesByTheClockAloneBeforeAnybodyElseLeads) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());
  api_.clock().advance(10s - 1ns);
  EXPECT_TRUE(a.check());
  api_.clock().advance(1ns);
  EXPECT_FALSE(a.check()) << "no thread had to notice";
  EXPECT_FALSE(b.attempt());
  api_.clock().advance(5s);
  EXPECT_TRUE(b.attempt());
  EXPECT_FALSE(a.attempt());
  EXPECT_FALSE(a.check());
}

TEST_F(LeaderElectorTest, ATermThatEndedIsNotTakenUpAgainByTheSameProcess) {
  auto a = replica("a");
  ASSERT_TRUE(a.attempt());
  api_.clock().advance(11s);
  EXPECT_FALSE(a.attempt());
  EXPECT_TRUE(a.has_led());
  auto restarted = replica("a2");
  EXPECT_FALSE(restarted.attempt());
  api_.clock().advance(15s);
  EXPECT_TRUE(restarted.attempt());
}

TEST_F(LeaderElectorTest, AServerThatFailsEndsTheTermAtTheRenewDeadline) {
  auto a = replica("a");
  ASSERT_TRUE(a.attempt());
  for (int i = 0; i < 4; ++i) {
    faulty_.fail_next(i % 2 ? "get" : "update", {Code::ServiceUnavailable, "no answer"});
    api_.clock().advance(2s);
    EXPECT_TRUE(a.attempt()) << "still within the deadline, attempt " << i;
  }
  faulty_.fail_next("get", {Code::ServiceUnavailable, "no answer"});
  api_.clock().advance(2s);
  EXPECT_FALSE(a.attempt());
}

TEST_F(LeaderElectorTest, AReleasedLeaseIsFreeAtOnce) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());
  a.release();
  EXPECT_FALSE(a.check());
  EXPECT_EQ(spec()["holderIdentity"], "");
  EXPECT_TRUE(b.attempt());
}

TEST_F(LeaderElectorTest, OnlyTheHolderReleases) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());
  b.release();
  EXPECT_EQ(spec()["holderIdentity"], "a");
}

TEST_F(LeaderElectorTest, OfTwoThatTryAtOnceOneLeads) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  a.release();
  // b's read comes before c's write: the version in its own write is old.
  faulty_.fail_next("update", {Code::Conflict, "the object has been modified"});
  EXPECT_FALSE(b.attempt());
  auto c = replica("c");
  EXPECT_TRUE(c.attempt());
  EXPECT_FALSE(b.attempt());
}

TEST_F(LeaderElectorTest, ADeletedLeaseIsMadeAnew) {
  auto a = replica("a");
  ASSERT_TRUE(a.attempt());
  api_.remove(kLeases, {"lab", "charter"});
  api_.clock().advance(2s);
  EXPECT_TRUE(a.attempt());
  EXPECT_EQ(spec()["holderIdentity"], "a");
}

TEST_F(LeaderElectorTest, WaitersSpreadTheirAttemptsAndALeaderDoesNot) {
  auto a = replica("a");
  auto b = replica("b");
  ASSERT_TRUE(a.attempt());
  EXPECT_FALSE(b.attempt());
  EXPECT_EQ(a.pause(), 2s);
  for (int i = 0; i < 50; ++i) {
    EXPECT_GE(b.pause(), 2s);
    EXPECT_LE(b.pause(), 2400ms);
  }
}

TEST(LeaderElectionSettings, TimesThatWouldLetTwoLeadAreRefused) {
  LeaderElectionSettings good{"ns", "name", "me"};
  EXPECT_TRUE(check_settings(good));
  auto bad = good;
  bad.renew_deadline = 15s;
  EXPECT_FALSE(check_settings(bad));
  bad = good;
  bad.retry_period = 9s;
  EXPECT_FALSE(check_settings(bad)) << "with its jitter it does not fit";
  bad = good;
  bad.lease_duration = 1500ms;
  EXPECT_FALSE(check_settings(bad));
  bad = good;
  bad.identity = "";
  EXPECT_FALSE(check_settings(bad));
}

}  // namespace
}  // namespace charter
