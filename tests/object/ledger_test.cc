#include "controller/object/ledger.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

MeterSpan span(int64_t number, int64_t from_s, std::optional<int64_t> to_s = {}) {
  MeterSpan made;
  made.meter = "machine";
  made.basis = "Active";
  made.number = number;
  made.from_s = from_s;
  made.to_s = to_s;
  made.amounts = "{\"cpu-hours\":4}";
  made.payer = "contract-uid";
  return made;
}

std::vector<LedgerEdge> edges(const std::vector<MeterSpan>& before,
                              const std::vector<MeterSpan>& after, int64_t now_s = 1'000) {
  auto made = ledger_edges("uid", before, after, now_s);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made ? *made : std::vector<LedgerEdge>{};
}

std::string error(const std::vector<MeterSpan>& before, const std::vector<MeterSpan>& after) {
  const auto made = ledger_edges("uid", before, after, 1'000);
  return made ? "accepted" : made.error().message;
}

TEST(LedgerEdges, A_state_that_lasts_costs_nothing) {
  EXPECT_TRUE(edges({span(1, 10)}, {span(1, 10)}).empty());
  EXPECT_TRUE(edges({span(1, 10, 20)}, {span(1, 10, 20)}).empty());
}

TEST(LedgerEdges, A_beginning_and_an_end_are_written_once_each) {
  EXPECT_EQ(edges({}, {span(1, 10)}), (std::vector<LedgerEdge>{{"uid", span(1, 10)}}));
  EXPECT_EQ(edges({span(1, 10)}, {span(1, 10, 20)}),
            (std::vector<LedgerEdge>{{"uid", span(1, 10, 20)}}));
}

TEST(LedgerEdges, A_change_of_amount_ends_one_interval_where_the_next_begins) {
  auto larger = span(2, 50);
  larger.amounts = "{\"cpu-hours\":8}";
  EXPECT_EQ(edges({span(1, 10)}, {larger}),
            (std::vector<LedgerEdge>{{"uid", span(1, 10, 50)}, {"uid", larger}}));
}

TEST(LedgerEdges, What_began_and_ended_between_two_looks_is_on_record) {
  EXPECT_EQ(edges({span(1, 10, 20)}, {span(2, 30, 60)}),
            (std::vector<LedgerEdge>{{"uid", span(2, 30)}, {"uid", span(2, 30, 60)}}));
}

TEST(LedgerEdges, An_object_that_goes_ends_what_it_left_open) {
  EXPECT_EQ(edges({span(1, 10)}, {}, 99), (std::vector<LedgerEdge>{{"uid", span(1, 10, 99)}}));
  EXPECT_TRUE(edges({span(1, 10, 20)}, {}).empty());
}

TEST(LedgerEdges, States_that_contradict_each_other_are_refused_with_the_field) {
  auto other = span(1, 10);
  other.amounts = "{\"cpu-hours\":5}";
  EXPECT_NE(error({span(1, 10)}, {other}).find("status.metering.number"), std::string::npos);
  EXPECT_NE(error({span(1, 10)}, {span(1, 11)}).find("another value"), std::string::npos);
  EXPECT_NE(error({span(1, 10, 20)}, {span(1, 10, 21)}).find("status.metering.until"),
            std::string::npos);
  EXPECT_NE(error({span(1, 10)}, {span(3, 20)}).find("must follow #1"), std::string::npos);
  EXPECT_NE(error({span(1, 10, 20)}, {span(2, 19)}).find("overlaps"), std::string::npos);
  EXPECT_NE(error({}, {span(1, 20, 10)}).find("before its beginning"), std::string::npos);
  EXPECT_NE(error({}, {span(1, 5'000)}).find("future"), std::string::npos);
  EXPECT_NE(error({span(1, 10)}, {span(1, 10, 5'000)}).find("future"), std::string::npos);
  auto nobody = span(1, 10);
  nobody.payer.clear();
  EXPECT_NE(error({}, {nobody}).find("somebody to charge"), std::string::npos);
}

}  // namespace
}  // namespace charter
