#include "controller/store/store.h"
#include "crds/types/kinds.h"
#include "reconcilers/account/admit.h"
#include "reconcilers/contract/admit.h"
#include "reconcilers/contract/units.h"
#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <barrier>
#include <thread>

namespace charter::contract {
namespace {

constexpr int kRounds = 1'000;

// A store in memory with the account of S2, and writes as the API server makes them.
struct Shop {
  std::unique_ptr<Store> store;
  std::string bucket = kinds::bucket(kinds::contracts());

  explicit Shop(WriterMode mode) {
    StoreOptions options;
    options.mode = mode;
    store = std::move(*Store::open(std::move(options)));
    put_account(sample_account());
  }

  void put_account(const Json& account) {
    Write write;
    write.key = {kinds::bucket(kinds::accounts()), {"", "consumerco"}};
    const auto current = store->get(write.key.bucket, write.key.name);
    write.expected = current ? current->header().version : 0;
    write.object = Encoded::make(account, 0, account::header_fields(account));
    ASSERT_TRUE(store->commit(std::move(write)));
  }

  // A write of `contract` over what is stored now, with the guard bound to both trees.
  Write write_of(const Json& contract) const {
    const auto name = text_at(contract, {"metadata", "name"});
    Write write;
    write.key = {bucket, {"consumerco", name}};
    const auto current = store->get(bucket, write.key.name);
    write.expected = current ? current->header().version : 0;
    write.object = Encoded::make(contract, 0, contract_fields(contract));
    auto object = std::make_shared<Json>(contract);
    auto before = current ? std::make_shared<Json>(current->tree()) : nullptr;
    write.guard = [object, before](const View& view) {
      AdmitRequest request;
      request.operation =
          before ? AdmitRequest::Operation::Update : AdmitRequest::Operation::Create;
      request.object = object.get();
      request.before = before.get();
      return guard(request, view);
    };
    return write;
  }

  Status put(const Json& contract) {
    auto committed = store->commit(write_of(contract));
    if (!committed) return committed.error();
    return {};
  }

  void remove(const std::string& name) {
    const auto current = store->get(bucket, {"consumerco", name});
    if (current == nullptr) return;
    Write write;
    write.op = Write::Op::Delete;
    write.key = {bucket, {"consumerco", name}};
    write.expected = current->header().version;
    write.object = current;
    ASSERT_TRUE(store->commit(std::move(write)));
  }
};

Json order(const std::string& name, int64_t compute) {
  auto contract = sample_contract();
  contract["metadata"]["name"] = name;
  contract["spec"]["quantities"] = {{"compute", compute}};
  return contract;
}

TEST(ContractGuard, ADenialNamesDimensionLimitUsedAndAskedWithItsField) {
  Shop shop(WriterMode::Inline);
  ASSERT_TRUE(shop.put(order("orders", 3)));
  const auto verdict = shop.put(order("more", 6));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
  EXPECT_EQ(verdict.error().message, "compute: limit 5, used 3, asked 6");
  ASSERT_EQ(verdict.error().causes.size(), 1u);
  EXPECT_EQ(verdict.error().causes[0].field, "spec.quantities.compute");
}

TEST(ContractGuard, AnAmendmentBeyondTheLimitIsDeniedInTheSameWords) {
  Shop shop(WriterMode::Inline);
  ASSERT_TRUE(shop.put(order("orders", 3)));
  const auto verdict = shop.put(order("orders", 6));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().message, "compute: limit 5, used 3, asked 6");
  EXPECT_TRUE(shop.put(order("orders", 5)));
}

TEST(ContractGuard, AUnitWithoutALimitMayNotBeOrdered) {
  Shop shop(WriterMode::Inline);
  auto contract = order("orders", 1);
  contract["spec"]["quantities"]["gpu"] = 1;
  const auto verdict = shop.put(contract);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().message, "gpu: limit 0, used 0, asked 1");
}

TEST(ContractGuard, WhatWasAcceptedCountsUntilLessIsAccepted) {
  Shop shop(WriterMode::Inline);
  auto contract = order("orders", 2);
  contract["status"]["accepted"]["quantities"] = {{"compute", 4}};
  ASSERT_TRUE(shop.put(contract));
  EXPECT_FALSE(shop.put(order("more", 2)));
  EXPECT_TRUE(shop.put(order("more", 1)));
}

TEST(ContractGuard, AnEndedContractCountsNoMore) {
  Shop shop(WriterMode::Inline);
  auto contract = order("orders", 5);
  ASSERT_TRUE(shop.put(contract));
  EXPECT_FALSE(shop.put(order("more", 1)));
  contract["status"]["terminatedAt"] = "2026-06-01T00:00:00Z";
  ASSERT_TRUE(shop.put(contract));
  EXPECT_TRUE(shop.put(order("more", 5)));
}

TEST(ContractGuard, LoweringALimitBlocksOnlyWhatGrows) {
  Shop shop(WriterMode::Inline);
  ASSERT_TRUE(shop.put(order("orders", 5)));
  auto account = sample_account();
  account["spec"]["limits"]["compute"] = 2;
  shop.put_account(account);
  auto contract = order("orders", 5);
  contract["metadata"]["labels"] = {{"team", "a"}};
  EXPECT_TRUE(shop.put(contract));
  EXPECT_TRUE(shop.put(order("orders", 4)));
  EXPECT_FALSE(shop.put(order("orders", 5)));
  EXPECT_FALSE(shop.put(order("more", 1)));
}

TEST(ContractGuard, ANamespaceThatLostItsAccountTakesNoMore) {
  Shop shop(WriterMode::Inline);
  auto account = sample_account();
  account["spec"]["namespaces"] = {"another"};
  shop.put_account(account);
  const auto verdict = shop.put(order("orders", 1));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
}

TEST(ContractGuard, OfTwoWritesInOneGroupThatExceedTheLimitTogetherExactlyOnePasses) {
  Shop shop(WriterMode::Inline);
  for (int round = 0; round < kRounds; ++round) {
    int passed = 0;
    for (const char* name : {"left", "right"}) {
      shop.store->submit(shop.write_of(order(name, 3)),
                         [&passed](const Result<Committed>& done) { passed += done ? 1 : 0; });
    }
    ASSERT_EQ(passed, 1) << "round " << round;
    shop.remove("left");
    shop.remove("right");
  }
}

TEST(ContractGuard, OfTwoParallelWritesThatExceedTheLimitTogetherExactlyOnePassesAThousandTimes) {
  Shop shop(WriterMode::Thread);
  std::atomic<int> passed = 0;
  std::barrier start(3), end(3);
  const auto client = [&](const char* name) {
    for (int round = 0; round < kRounds; ++round) {
      start.arrive_and_wait();
      if (shop.put(order(name, 3))) ++passed;
      end.arrive_and_wait();
    }
  };
  std::thread left(client, "left"), right(client, "right");
  int wrong = 0;
  for (int round = 0; round < kRounds; ++round) {
    start.arrive_and_wait();
    end.arrive_and_wait();
    wrong += passed.exchange(0) == 1 ? 0 : 1;
    shop.remove("left");
    shop.remove("right");
  }
  left.join();
  right.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace charter::contract
