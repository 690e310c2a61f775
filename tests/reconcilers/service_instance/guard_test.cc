#include "controller/store/store.h"
#include "crds/types/kinds.h"
#include "reconcilers/service_instance/admit.h"
#include "reconcilers/service_instance/holdings.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

// The guard inside the writer's turn of a real store.
namespace charter::service_instance {
namespace {

constexpr int kRounds = 500;

Write put(const Gvr& resource, const Json& tree, int64_t expected, Guard guard = {}) {
  auto fields = resource == kinds::service_instances() ? header_fields(tree) : Pairs{};
  return {Write::Op::Put,
          {kinds::bucket(resource),
           {text_at(tree, {"metadata", "namespace"}), text_at(tree, {"metadata", "name"})}},
          expected,
          Encoded::make(tree, 0, std::move(fields)),
          std::move(guard)};
}

struct GuardInStore : ::testing::Test {
  std::unique_ptr<Store> store;

  void open(WriterMode mode) {
    StoreOptions options;
    options.mode = mode;
    auto opened = Store::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    must(put(kinds::contracts(), sample_contract(), 0));
    must(put(kinds::service_offering_revisions(), sample_revision(), 0));
  }
  int64_t must(Write write) {
    const auto committed = store->commit(std::move(write));
    EXPECT_TRUE(committed) << (committed ? "" : committed.error().message);
    return committed ? committed->object->header().version : 0;
  }
  static Json with(const std::string& name, int64_t replicas) {
    auto tree = sample_instance();
    tree["metadata"]["name"] = name;
    tree["spec"]["replicas"] = replicas;
    tree["spec"].erase("volumes");
    return tree;
  }
  static Guard guarding(const Json& now, const Json& before) {
    return [now, before](const View& view) {
      AdmitRequest request;
      request.operation = AdmitRequest::Operation::Update;
      request.object = &now;
      request.before = &before;
      return guard(request, view);
    };
  }
};

TEST_F(GuardInStore, OfTwoParallelScaleUpsExactlyOnePasses) {
  open(WriterMode::Thread);
  int64_t versions[2] = {must(put(kinds::service_instances(), with("a", 1), 0)),
                         must(put(kinds::service_instances(), with("b", 1), 0))};
  const char* const names[2] = {"a", "b"};
  for (int round = 0; round < kRounds; ++round) {
    std::optional<Result<Committed>> answers[2];
    {
      std::vector<std::jthread> clients;
      for (int i = 0; i < 2; ++i) {
        clients.emplace_back([&, i] {
          const auto now = with(names[i], 2);
          answers[i] = store->commit(
              put(kinds::service_instances(), now, versions[i], guarding(now, with(names[i], 1))));
        });
      }
    }
    const int passed = (*answers[0] ? 1 : 0) + (*answers[1] ? 1 : 0);
    ASSERT_EQ(passed, 1) << "round " << round;
    const int winner = *answers[0] ? 0 : 1;
    EXPECT_EQ((*answers[1 - winner]).error().message, "compute: ordered 3, used 3, asked 2");
    versions[winner] = must(put(kinds::service_instances(), with(names[winner], 1),
                                (**answers[winner]).object->header().version));
  }
}

TEST_F(GuardInStore, AThousandInstancesInANamespaceStayCheap) {
  open(WriterMode::Inline);
  auto contract = sample_contract();
  contract["status"]["accepted"]["quantities"]["compute"] = 2'000;
  must(put(
      kinds::contracts(), contract,
      store->get(kinds::bucket(kinds::contracts()), {"consumerco", "orders"})->header().version));
  for (int i = 0; i < 1'000; ++i)
    must(put(kinds::service_instances(), with("i" + std::to_string(i), 1), 0));
  const auto now = with("i7", 2), before = with("i7", 1);
  const auto judge = guarding(now, before);
  constexpr int kTimes = 20;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i)
    ASSERT_TRUE(judge(store->view()));
  const auto each = (std::chrono::steady_clock::now() - start) / kTimes;
  RecordProperty("guard_us", static_cast<int>(each / std::chrono::microseconds(1)));
  EXPECT_LT(each, std::chrono::milliseconds(50)) << "generous: a debug build on a busy machine";
}

}  // namespace
}  // namespace charter::service_instance
