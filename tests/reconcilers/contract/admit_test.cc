#include "reconcilers/contract/admit.h"

#include "crds/types/kinds.h"
#include "reconcilers/account/admit.h"
#include "reconcilers/contract/reconciler.h"
#include "reconcilers/contract/units.h"
#include "tests/reconcilers/contract/samples.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <set>

namespace charter::contract {
namespace {

const std::string kOffered = "sha256:" + std::string(64, 'a');
const std::string kInForce = "sha256:" + std::string(64, 'b');
const std::string kOther = "sha256:" + std::string(64, 'c');

// The world of S2 and one write in it.
struct Desk {
  MapView view;
  std::vector<std::string> warnings;
  Instant now = *parse_time("2026-06-01T00:00:00Z");
  std::function<bool(std::string_view)> may = {};  // the caller's verbs; empty: all

  Desk() {
    put_account(sample_account());
    put_offering(sample_offering());
    view.put(kinds::bucket(kinds::service_offering_revisions()), sample_revision());
  }
  void put_account(const Json& account) {
    view.put(kinds::bucket(kinds::accounts()), account, account::header_fields(account));
  }
  void put_offering(const Json& offering) {
    view.put(kinds::bucket(kinds::service_offerings()), offering);
  }

  Status create(const Json& contract) {
    return run(AdmitRequest::Operation::Create, &contract, nullptr);
  }
  Status update(const Json& before, const Json& now_) {
    return run(AdmitRequest::Operation::Update, &now_, &before);
  }
  Status remove(const Json& before) {
    return run(AdmitRequest::Operation::Delete, nullptr, &before);
  }

 private:
  Status run(AdmitRequest::Operation operation, const Json* object, const Json* before) {
    AdmitRequest request;
    request.operation = operation;
    request.object = object;
    request.before = before;
    request.now = now;
    request.warnings = &warnings;
    request.may = may;
    return hooks().admit(request, view);
  }
};

Json offered() {
  auto contract = sample_contract();
  contract["status"]["offer"] = {{"hash", kOffered},
                                 {"expires", "2026-06-04T00:00:00Z"},
                                 {"offeringRevision", "compute-highspeed-1"}};
  return contract;
}

Json accepted() {
  auto contract = offered();
  contract["spec"]["acceptance"] = {{"offerHash", kInForce}};
  contract["status"]["accepted"] = {{"hash", kInForce},
                                    {"revision", "compute-highspeed-1"},
                                    {"quantities", {{"compute", 3}, {"storage", 5}}},
                                    {"at", "2026-05-01T00:00:00Z"}};
  return contract;
}

void expect_refused(const Status& verdict, const std::string& field, const std::string& message) {
  ASSERT_FALSE(verdict);
  ASSERT_FALSE(verdict.error().causes.empty()) << verdict.error().message;
  EXPECT_EQ(verdict.error().causes[0].field, field);
  EXPECT_NE(verdict.error().causes[0].message.find(message), std::string::npos)
      << verdict.error().causes[0].message;
}

// One refused create: what is changed in the sample, and how it is refused.
struct Refusal {
  const char* pointer;
  Json value;
  const char* field;
  const char* message;
};

TEST(ContractAdmit, TheSampleIsAdmitted) {
  Desk desk;
  const auto verdict = desk.create(sample_contract());
  EXPECT_TRUE(verdict) << (verdict ? "" : verdict.error().message);
  EXPECT_TRUE(desk.warnings.empty());
}

TEST(ContractAdmit, WhatARequestMayNotSayIsRefusedWithItsField) {
  const std::vector<Refusal> rows = {
      {"/spec/offeringRef/name", "none", "spec.offeringRef.name",
       "no ServiceOffering of this name is offered to account consumerco"},
      {"/spec/quantities/gpu", 1, "spec.quantities.gpu",
       R"(Unsupported value: "gpu": supported values: "compute", "storage")"},
      {"/spec/quantities/compute", 0, "spec.quantities.compute", "must be at least 1"},
      {"/spec/placement",
       {{"jurisdictions", {"EU", "CN"}}},
       "spec.placement.jurisdictions[1]",
       R"("CN": supported values: "EU", "US")"},
      {"/spec/term/end", "2026-05-31T00:00:00Z", "spec.term.end",
       "must be after the start, 2026-06-01T00:00:00Z"},
      {"/spec/term",
       {{"start", "Immediately"}, {"duration", "P1Y"}, {"end", "2027-01-01T00:00:00Z"}},
       "spec.term.end",
       "state either duration or end"},
      {"/spec/term/start", "2126-06-01T00:00:00Z", "spec.term.start", "more than ten years ahead"},
      {"/spec/term/duration", "P9999Y", "spec.term.duration", "longer than a hundred years"},
      {"/spec/acceptance",
       {{"offerHash", kOffered}},
       "spec.acceptance.offerHash",
       "no offer stands"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.pointer);
    Desk desk;
    auto contract = sample_contract();
    contract[Json::json_pointer(row.pointer)] = row.value;
    expect_refused(desk.create(contract), row.field, row.message);
  }
}

TEST(ContractAdmit, ANamespaceWithoutAnAccountIsForbidden) {
  Desk desk;
  auto contract = sample_contract();
  contract["metadata"]["namespace"] = "elsewhere";
  const auto verdict = desk.create(contract);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
  EXPECT_NE(verdict.error().message.find("namespace elsewhere belongs to no Account"),
            std::string::npos);
}

TEST(ContractAdmit, AnAccountThatIsBeingClosedTakesNoNewContract) {
  Desk desk;
  auto account = sample_account();
  account["metadata"]["deletionTimestamp"] = "2026-05-31T00:00:00Z";
  desk.put_account(account);
  const auto verdict = desk.create(sample_contract());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
}

TEST(ContractAdmit, PublicationDecidesAboutNewContracts) {
  struct Row {
    const char* publication;
    bool allowed, warned;
  };
  for (const auto& row : {Row{"Draft", false, false}, Row{"Published", true, false},
                          Row{"Deprecated", true, true}, Row{"Retired", false, false}}) {
    SCOPED_TRACE(row.publication);
    Desk desk;
    auto offering = sample_offering();
    offering["spec"]["publication"] = row.publication;
    desk.put_offering(offering);
    EXPECT_EQ(static_cast<bool>(desk.create(sample_contract())), row.allowed);
    EXPECT_EQ(!desk.warnings.empty(), row.warned);
  }
}

TEST(ContractAdmit, AnOfferingForOtherAccountsLooksAsIfItWereNotThere) {
  Desk desk;
  auto offering = sample_offering();
  offering["spec"]["visibility"] = {{"audience", "Accounts"}, {"accounts", {"another"}}};
  desk.put_offering(offering);
  expect_refused(desk.create(sample_contract()), "spec.offeringRef.name",
                 "no ServiceOffering of this name");
  offering["spec"]["visibility"]["accounts"] = {"consumerco"};
  desk.put_offering(offering);
  EXPECT_TRUE(desk.create(sample_contract()));
}

TEST(ContractAdmit, PlacementStaysWithinTheAccountToo) {
  Desk desk;
  auto account = sample_account();
  account["spec"]["placement"] = {{"jurisdictions", {"EU"}}};
  desk.put_account(account);
  auto contract = sample_contract();
  contract["spec"]["placement"] = {{"jurisdictions", {"US"}}};
  expect_refused(desk.create(contract), "spec.placement.jurisdictions[0]",
                 R"(supported values: "EU")");
}

TEST(ContractAdmit, ACurrencyThatTheAccountDoesNotPayInIsRefused) {
  Desk desk;
  auto account = sample_account();
  account["spec"]["billing"]["currency"] = "EUR";
  desk.put_account(account);
  expect_refused(desk.create(sample_contract()), "spec.offeringRef.name",
                 "priced in USD, account consumerco pays in EUR");
}

TEST(ContractAdmit, ATermShorterThanTheMinimumIsRefused) {
  Desk desk;
  auto revision = sample_revision();
  revision["spec"]["contractPolicy"]["minimumTerm"] = "P3M";
  desk.view.put(kinds::bucket(kinds::service_offering_revisions()), revision);
  auto contract = sample_contract();
  contract["spec"]["term"]["duration"] = "P1M";
  expect_refused(desk.create(contract), "spec.term.duration",
                 "shorter than the offering's minimum term P3M");
  contract["spec"]["term"]["duration"] = "P3M";
  EXPECT_TRUE(desk.create(contract));
}

TEST(ContractAdmit, OnlyTheStandingOfferCanBeAccepted) {
  struct Row {
    std::string hash;
    const char* now;
    const char* message;  // null: admitted
  };
  for (const auto& row :
       {Row{kOffered, "2026-06-03T23:59:59Z", nullptr},
        Row{kOffered, "2026-06-04T00:00:00Z", "the offer expired at 2026-06-04T00:00:00Z"},
        Row{kOther, "2026-06-01T00:00:00Z", "the standing offer is sha256:aaaa"}}) {
    SCOPED_TRACE(row.hash + row.now);
    Desk desk;
    desk.now = *parse_time(row.now);
    auto contract = offered();
    contract["spec"]["acceptance"] = {{"offerHash", row.hash}};
    const auto verdict = desk.update(offered(), contract);
    if (row.message == nullptr) {
      EXPECT_TRUE(verdict);
    } else {
      expect_refused(verdict, "spec.acceptance.offerHash", row.message);
    }
  }
}

TEST(ContractAdmit, AcceptingAndChangingTheRequestAtOnceIsRefused) {
  Desk desk;
  auto contract = offered();
  contract["spec"]["acceptance"] = {{"offerHash", kOffered}};
  contract["spec"]["quantities"]["compute"] = 4;
  expect_refused(desk.update(offered(), contract), "spec.acceptance.offerHash",
                 "the request before this change");
}

TEST(ContractAdmit, AnOutdatedHashThatStaysDoesNotStopOtherChanges) {
  Desk desk;
  auto before = offered();
  before["spec"]["acceptance"] = {{"offerHash", kOther}};
  auto contract = before;
  contract["metadata"]["labels"] = {{"team", "a"}};
  EXPECT_TRUE(desk.update(before, contract));
}

TEST(ContractAdmit, TheHashInForceMayBePutBack) {
  Desk desk;
  auto before = accepted();
  before["spec"]["acceptance"] = {{"offerHash", kOffered}};
  EXPECT_TRUE(desk.update(before, accepted()));
}

TEST(ContractAdmit, WhatWasAgreedIsFrozen) {
  const std::vector<Refusal> rows = {
      {"/spec/offeringRef/name", "another", "spec.offeringRef.name", "field is immutable"},
      {"/spec/term/duration", "P1Y", "spec.term", "only renew may be changed"},
      {"/spec/quantities/gpu", 1, "spec.quantities.gpu", "Unsupported value"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.pointer);
    Desk desk;
    auto contract = accepted();
    contract[Json::json_pointer(row.pointer)] = row.value;
    expect_refused(desk.update(accepted(), contract), row.field, row.message);
  }
  Desk desk;
  auto contract = accepted();
  contract["spec"]["term"]["renew"] = "None";
  contract["spec"]["quantities"]["compute"] = 4;
  EXPECT_TRUE(desk.update(accepted(), contract));
}

TEST(ContractAdmit, UnderARetiredOfferingAnOrderMayShrinkButNotGrow) {
  Desk desk;
  auto offering = sample_offering();
  offering["spec"]["publication"] = "Retired";
  desk.put_offering(offering);
  auto contract = accepted();
  contract["spec"]["quantities"]["compute"] = 4;
  expect_refused(desk.update(accepted(), contract), "spec.quantities.compute",
                 "no more than the accepted 3");
  contract["spec"]["quantities"]["compute"] = 2;
  EXPECT_TRUE(desk.update(accepted(), contract));
}

TEST(ContractAdmit, AFinalizerIsWrittenAlthoughOfferingAndAccountAreGone) {
  Desk desk;
  desk.view = {};
  auto contract = accepted();
  contract["metadata"]["finalizers"] = {"charter.dev/final-bill"};
  EXPECT_TRUE(desk.update(accepted(), contract));
  EXPECT_TRUE(guard({AdmitRequest::Operation::Update, "", &contract, &contract, {}, {}, nullptr},
                    desk.view));
}

TEST(ContractAdmit, AnEffectiveTerminationAndAnEndedContractStayAsTheyAre) {
  Desk desk;
  auto before = accepted();
  before["spec"]["terminate"] = {{"requested", true}};
  auto contract = accepted();
  EXPECT_TRUE(desk.update(before, contract));
  before["status"]["ends"] = "2026-05-31T00:00:00Z";
  expect_refused(desk.update(before, contract), "spec.terminate.requested", "can't be taken back");
  before["status"]["terminatedAt"] = "2026-05-31T00:00:00Z";
  expect_refused(desk.update(before, contract), "spec",
                 "the contract ended at 2026-05-31T00:00:00Z");
  contract = before;
  contract["spec"]["deletionProtection"] = false;
  EXPECT_TRUE(desk.update(before, contract));
}

TEST(ContractAdmit, DeletionProtectionRefusesWithTheCommandThatLiftsIt) {
  Desk desk;
  const auto verdict = desk.remove(sample_contract());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Code::Forbidden);
  EXPECT_NE(
      verdict.error().message.find(
          R"(kubectl patch contract orders -n consumerco --type=merge -p '{"spec":{"deletionProtection":false}}')"),
      std::string::npos);
  auto unprotected = sample_contract();
  unprotected["spec"]["deletionProtection"] = false;
  EXPECT_TRUE(desk.remove(unprotected));
}

TEST(ContractAdmit, AnOfferingThatIsBeingDeletedTakesNoNewContractAndNoGrowth) {
  Desk desk;
  auto offering = sample_offering();
  offering["metadata"]["deletionTimestamp"] = "2026-05-31T00:00:00Z";
  desk.put_offering(offering);
  const auto refused = desk.create(sample_contract());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is being deleted and takes no new contracts"),
            std::string::npos)
      << refused.error().message;
  auto more = accepted();
  more["spec"]["quantities"]["compute"] = 4;
  EXPECT_FALSE(desk.update(accepted(), more));
  more["spec"]["quantities"]["compute"] = 2;
  EXPECT_TRUE(desk.update(accepted(), more));
}

// Which verbs a change asked for, with nobody holding any.
std::string verbs_asked(Desk& desk, const std::function<Status()>& write) {
  std::set<std::string> asked;
  desk.may = [&asked](std::string_view verb) {
    asked.insert(std::string(verb));
    return false;
  };
  const auto verdict = write();
  if (!asked.empty()) {
    EXPECT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, Code::Forbidden);
  }
  std::string out;
  for (const auto& verb : asked)
    out += (out.empty() ? "" : " ") + verb;
  return out;
}

TEST(ContractAdmit, EachFieldAsksForTheVerbOfWhoItBelongsTo) {
  Desk desk;
  const auto changed = [](const char* field, Json value) {
    auto contract = offered();
    contract["spec"][field] = std::move(value);
    return contract;
  };
  const auto asked = [&](const Json& now) {
    return verbs_asked(desk, [&] { return desk.update(offered(), now); });
  };
  EXPECT_EQ(asked(changed("acceptance", {{"offerHash", kOffered}})), "accept");
  EXPECT_EQ(asked(changed("terminate", {{"requested", true}})), "terminate");
  EXPECT_EQ(asked(changed("deletionProtection", false)), "terminate");
  EXPECT_EQ(asked(changed("quantities", {{"compute", 1}})), "amend");
  auto labelled = offered();
  labelled["metadata"]["labels"] = {{"a", "b"}};
  EXPECT_EQ(asked(labelled), "");
  EXPECT_EQ(verbs_asked(desk, [&] { return desk.remove(offered()); }), "terminate");
  EXPECT_EQ(verbs_asked(desk, [&] { return desk.create(sample_contract()); }), "");
}

TEST(ContractAdmit, TheVerbOfOneFieldOpensNoOther) {
  Desk desk;
  desk.may = [](std::string_view verb) { return verb == "accept"; };
  auto accepting = offered();
  accepting["spec"]["acceptance"] = {{"offerHash", kOffered}};
  EXPECT_TRUE(desk.update(offered(), accepting));
  accepting["spec"]["quantities"]["compute"] = 1;
  EXPECT_EQ(desk.update(offered(), accepting).error().causes[0].field, "spec");
}

}  // namespace
}  // namespace charter::contract
