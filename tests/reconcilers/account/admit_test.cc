#include "reconcilers/account/admit.h"

#include "controller/store/store.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/limits.h"
#include "reconcilers/contract/units.h"
#include "tests/reconcilers/contract/samples.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::account {
namespace {

using contract::sample_account;
using contract::sample_contract;

// A world with account consumerco and, if asked for, its contract orders.
struct Desk {
  MapView view;

  void put(const Json& account) {
    view.put(kinds::bucket(kinds::accounts()), account, header_fields(account));
  }
  void put_contract(const Json& contract) {
    view.put(kinds::bucket(kinds::contracts()), contract, contract::contract_fields(contract));
  }
  Status write(const Json* now, const Json* before) {
    AdmitRequest request;
    request.operation = now == nullptr      ? AdmitRequest::Operation::Delete
                        : before == nullptr ? AdmitRequest::Operation::Create
                                            : AdmitRequest::Operation::Update;
    request.object = now;
    request.before = before;
    CHARTER_TRY(admit(request, view));
    return guard(request, view);
  }
};

Json other_account() {
  auto account = sample_account();
  account["metadata"]["name"] = "other";
  return account;
}

TEST(AccountAdmit, ASecondAccountCantHaveTheSameNamespace) {
  Desk desk;
  const auto account = other_account();
  EXPECT_TRUE(desk.write(&account, nullptr));
  desk.put(sample_account());
  const auto verdict = desk.write(&account, nullptr);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Invalid);
  EXPECT_EQ(verdict.error().causes[0].field, "spec.namespaces[0]");
  EXPECT_NE(verdict.error().causes[0].message.find("the namespace belongs to account consumerco"),
            std::string::npos);
}

TEST(AccountAdmit, ATimeZoneThatIsNoneIsRefusedBeforeABillWaitsForIt) {
  Desk desk;
  auto account = sample_account();
  account["spec"]["billing"]["timeZone"] = "Europe/Berlin";
  EXPECT_TRUE(desk.write(&account, nullptr));
  account["spec"]["billing"]["timeZone"] = "Europe/Berln";
  const auto verdict = desk.write(&account, nullptr);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Invalid);
  EXPECT_EQ(verdict.error().causes.at(0).field, "spec.billing.timeZone");
  // One that the database lost since does not keep its account from being changed otherwise.
  auto moved = account;
  moved["spec"]["billing"]["email"] = "other@consumerco.example";
  EXPECT_TRUE(desk.write(&moved, &account));
}

TEST(AccountAdmit, ANamespaceLeavesOnlyWhenNoContractIsLeftInIt) {
  Desk desk;
  const auto before = sample_account();
  auto account = before;
  account["spec"]["namespaces"] = {"fresh"};
  desk.put(before);
  desk.put_contract(sample_contract());
  const auto verdict = desk.write(&account, &before);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().causes[0].field, "spec.namespaces");
  EXPECT_NE(verdict.error().causes[0].message.find("consumerco/orders"), std::string::npos);
  auto ended = sample_contract();
  ended["status"]["terminatedAt"] = "2026-06-01T00:00:00Z";
  desk.put_contract(ended);
  EXPECT_TRUE(desk.write(&account, &before));
}

TEST(AccountAdmit, DeletionIsRefusedWhileContractsAreLeftListingThem) {
  Desk desk;
  const auto account = sample_account();
  desk.put(account);
  EXPECT_TRUE(desk.write(nullptr, &account));
  desk.put_contract(sample_contract());
  auto more = sample_contract();
  more["metadata"]["name"] = "more";
  desk.put_contract(more);
  const auto verdict = desk.write(nullptr, &account);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
  EXPECT_NE(verdict.error().message.find("consumerco/more, consumerco/orders"), std::string::npos);
}

TEST(AccountAdmit, MembersAreNamedOnceAndOnlyServiceAccountsHaveANamespace) {
  Desk desk;
  auto account = sample_account();
  auto& members = account["spec"]["members"];
  members.push_back(members[0]);
  members.push_back({{"subject", {{"kind", "ServiceAccount"}, {"name", "scaler"}}},
                     {"permissions", {"ChangeCapacity"}}});
  members.push_back({{"subject", {{"kind", "User"}, {"name", "eve"}, {"namespace", "x"}}},
                     {"permissions", {"Configure"}}});
  const auto verdict = desk.write(&account, nullptr);
  ASSERT_FALSE(verdict);
  std::vector<std::string> fields;
  for (const auto& cause : verdict.error().causes)
    fields.push_back(cause.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"spec.members[1].subject.name",
                                              "spec.members[2].subject.namespace",
                                              "spec.members[3].subject.namespace"}));
}

TEST(AccountAdmit, LoweringALimitBelowUsageIsAllowed) {
  Desk desk;
  const auto before = sample_account();
  auto account = before;
  account["spec"]["limits"]["compute"] = 0;
  desk.put(before);
  desk.put_contract(sample_contract());
  EXPECT_TRUE(desk.write(&account, &before));
}

TEST(AccountAdmit, OfTwoAccountsWrittenInParallelExactlyOneGetsTheNamespace) {
  StoreOptions options;
  options.mode = WriterMode::Inline;
  const auto store = std::move(*Store::open(std::move(options)));
  int passed = 0;
  for (const char* name : {"left", "right"}) {
    auto account = std::make_shared<Json>(sample_account());
    (*account)["metadata"]["name"] = name;
    Write write;
    write.key = {kinds::bucket(kinds::accounts()), {"", name}};
    write.object = Encoded::make(*account, 0, header_fields(*account));
    write.guard = [account](const View& view) {
      AdmitRequest request;
      request.object = account.get();
      return guard(request, view);
    };
    store->submit(std::move(write),
                  [&passed](const Result<Committed>& done) { passed += done ? 1 : 0; });
  }
  EXPECT_EQ(passed, 1);
}

TEST(AccountLimits, HeaderFieldsAreSortedAndReadBack) {
  auto account = sample_account();
  account["spec"]["namespaces"] = {"b", "a"};
  const auto fields = header_fields(account);
  EXPECT_TRUE(std::is_sorted(fields.begin(), fields.end()));
  const auto encoded = Encoded::make(account, 1, fields);
  EXPECT_EQ(limits_of(encoded->header()), (UnitCounts{{"compute", 5}, {"storage", 5}}));
  EXPECT_EQ(namespaces_of(encoded->header()), (std::vector<std::string>{"b", "a"}));
}

TEST(AccountLimits, OnlyUnitsThatGrowAreHeldAgainstTheLimits) {
  const UnitCounts limits{{"compute", 2}, {"storage", 5}};
  const UnitCounts used{{"compute", 4}, {"storage", 5}};
  // compute shrinks but stays over its limit; storage grows beyond its own.
  const auto over =
      overruns(limits, used, {{"compute", 4}, {"storage", 5}}, {{"compute", 3}, {"storage", 6}});
  EXPECT_EQ(over, (std::vector<Overrun>{{"storage", 5, 5, 6}}));
  EXPECT_EQ(to_string(over.at(0)), "storage: limit 5, used 5, asked 6");
}

TEST(AccountLimits, LongListsOfNamesAreCut) {
  EXPECT_EQ(name_list({"a", "b"}), "a, b");
  EXPECT_EQ(name_list({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}),
            "1, 2, 3, 4, 5, 6, 7, 8 and 2 more");
}

}  // namespace
}  // namespace charter::account
