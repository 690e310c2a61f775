#include "reconcilers/common/naming.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/in_use.h"
#include "reconcilers/common/reasons.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

bool is_dns_label(const std::string& name) {
  const auto is_legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 63 && is_legal(name.front()) && is_legal(name.back()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return c == '-' || is_legal(c); });
}

TEST(ChildNames, AreReadableWhenTheyCanBe) {
  EXPECT_EQ(child_name({"orders", "server", "0"}), "orders-server-0");
}

TEST(ChildNames, AreLegalAndDifferentWhenTheyHadToBeChanged) {
  const std::string long_name(80, 'a');
  const std::string names[] = {
      child_name({"Orders"}),
      child_name({"ORDERS"}),
      child_name({"a.b"}),
      child_name({"a_b"}),
      child_name({"-", "-"}),
      child_name({long_name, "1"}),
      child_name({long_name, "2"}),
      child_name({std::string(62, 'a') + "-", "x"}),
      child_name({"\xc3\xbc", "\xc3\xb6"}),
  };
  for (const auto& name : names) {
    EXPECT_TRUE(is_dns_label(name)) << name;
    EXPECT_EQ(std::count(std::begin(names), std::end(names), name), 1) << name;
  }
}

TEST(ChildNames, KeepDotsWhereDotsAreLegal) {
  EXPECT_EQ(child_subdomain({"web.v1", "0123"}), "web.v1-0123");
  EXPECT_LE(child_subdomain({std::string(253, 'a'), "x"}).size(), 253u);
}

TEST(NewObjects, CarryKindOwnerLabelsAndFinalizersOnce) {
  auto machine = new_object(kinds::machines(), {"shop", "m-0"}, Json{{"vcpus", 2}});
  Meta owner;
  owner.name = "m";
  owner.uid = "u-1";
  add_owner(machine, kinds::service_instances(), owner);
  add_label(machine, std::string(kInstanceLabel), "m");
  add_finalizer(machine, kReclaimFinalizer);
  add_finalizer(machine, kReclaimFinalizer);
  const auto meta = read_meta(machine);
  EXPECT_EQ(text_at(machine, {"kind"}), "Machine");
  EXPECT_EQ(meta.ns, "shop");
  ASSERT_EQ(meta.owners.size(), 1u);
  EXPECT_EQ(meta.owners[0].kind, "ServiceInstance");
  EXPECT_TRUE(meta.owners[0].controller);
  EXPECT_EQ(meta.finalizers, std::vector<std::string>{std::string(kReclaimFinalizer)});
  EXPECT_TRUE(remove_finalizer(machine, kReclaimFinalizer));
  EXPECT_FALSE(remove_finalizer(machine, kReclaimFinalizer));
}

TEST(ContentHash, DependsOnContentAndNotOnTheOrderOfKeys) {
  const auto one = parse_json(R"({"a":1,"b":{"c":2}})").value();
  const auto same = parse_json(R"({"b":{"c":2},"a":1})").value();
  const auto other = parse_json(R"({"a":1,"b":{"c":3}})").value();
  EXPECT_EQ(content_hash(one), content_hash(same));
  EXPECT_NE(content_hash(one), content_hash(other));
  EXPECT_EQ(content_hash(one).size(), 71u);
}

TEST(Reasons, AreSortedAndUniqueSoThatEachIsFound) {
  const auto all = all_reasons();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(class_of(all[i].word), all[i].cls) << all[i].word;
    EXPECT_TRUE(i == 0 || all[i - 1].word < all[i].word) << all[i].word;
  }
  EXPECT_EQ(class_of("NoSuchReason"), std::nullopt);
}

TEST(Reasons, EveryErrorHasOneFromTheList) {
  for (int code = 0; code <= static_cast<int>(Code::InsufficientStorage); ++code) {
    const Error error{static_cast<Code>(code), "message"};
    EXPECT_TRUE(class_of(reason_of(error))) << code;
  }
  EXPECT_EQ(reason_of({Code::TooManyRequests, "", "WaitForCapacity"}), "WaitForCapacity");
  EXPECT_EQ(reason_of({Code::ServiceUnavailable, "", "not a word of the list"}), "Unavailable");
}

TEST(Reasons, OnlyWhatNoRetryFixesIsStalled) {
  EXPECT_TRUE(is_stalled(ReasonClass::UserError));
  EXPECT_TRUE(is_stalled(ReasonClass::PolicyDenied));
  EXPECT_TRUE(is_stalled(ReasonClass::Terminal));
  EXPECT_FALSE(is_stalled(ReasonClass::Retryable));
  EXPECT_FALSE(is_stalled(ReasonClass::WaitForCapacity));
  EXPECT_FALSE(is_stalled(ReasonClass::Fine));
}

TEST(UserLists, NameFiveAndCountTheRest) {
  EXPECT_EQ(user_list({"a", "b"}), "a, b");
  EXPECT_EQ(user_list({"a", "b", "c", "d", "e", "f", "g"}), "a, b, c, d, e and 2 more");
}

}  // namespace
}  // namespace charter
