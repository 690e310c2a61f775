#include "drivers/libvirt/memory.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

// What is believed of what was read before, and what is read again.
namespace charter::libvirt {
namespace {

using Names = std::vector<std::string>;
using Facts = std::map<std::string, std::string>;

/// A memory that knows a, b and c, read in this order.
class LibvirtMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c"})
      read(name);
  }
  void read(const std::string& name) {
    memory_.keep(name, facts_[name], memory_.tick(), std::make_shared<const int>(1));
  }
  Names due(size_t again_max = 0) { return memory_.due(facts_, again_max, memory_.tick()); }

  Memory<int> memory_{true};
  Facts facts_{{"a", "off"}, {"b", "off"}, {"c", "off"}};
};

TEST_F(LibvirtMemory, What_nothing_puts_in_doubt_is_not_read_again) {
  EXPECT_EQ(due(), Names());
}

TEST_F(LibvirtMemory, What_is_new_or_differs_is_read) {
  facts_["b"] = "running";
  facts_["d"] = "off";
  EXPECT_EQ(due(), (Names{"b", "d"}));
}

TEST_F(LibvirtMemory, What_was_not_read_for_longest_comes_first_and_all_have_their_turn) {
  EXPECT_EQ(due(2), (Names{"a", "b"}));
  read("a");
  read("b");
  EXPECT_EQ(due(1), Names{"c"});
  EXPECT_EQ(due(99), (Names{"c", "a", "b"}));
}

TEST_F(LibvirtMemory, A_doubt_lasts_until_a_reading_that_began_after_it) {
  const uint64_t before = memory_.tick();
  memory_.doubt("b");
  memory_.keep("b", "off", before, std::make_shared<const int>(2));  // could have missed the change
  EXPECT_EQ(due(), Names{"b"});
  read("b");
  EXPECT_EQ(due(), Names());
}

TEST_F(LibvirtMemory, An_earlier_reading_that_ends_later_does_not_replace_a_newer_one) {
  const uint64_t early = memory_.tick();
  memory_.keep("a", "running", memory_.tick(), std::make_shared<const int>(2));
  memory_.keep("a", "off", early, std::make_shared<const int>(3));
  EXPECT_EQ(*memory_.find("a"), 2);
}

TEST_F(LibvirtMemory, Nothing_is_believed_while_nobody_tells_of_changes) {
  memory_.told(false);
  EXPECT_EQ(due(), (Names{"a", "b", "c"}));
  read("a");
  EXPECT_EQ(due(), (Names{"a", "b", "c"})) << "still nobody tells";
  memory_.told(true);
  EXPECT_EQ(due(), (Names{"a", "b", "c"})) << "what happened meanwhile was not told";
  read("a");
  EXPECT_EQ(due(), (Names{"b", "c"}));
}

TEST_F(LibvirtMemory, What_is_gone_is_forgotten_but_not_what_was_read_since_the_list_was_made) {
  const uint64_t begun = memory_.tick();
  read("d");
  memory_.due({{"a", "off"}}, 0, begun);
  EXPECT_EQ(memory_.find("b"), nullptr);
  EXPECT_NE(memory_.find("d"), nullptr);
}

TEST_F(LibvirtMemory, Doubts_of_names_that_no_look_has_seen_are_bounded) {
  for (int i = 0; i < 2000; ++i)
    memory_.doubt(std::to_string(i));
  EXPECT_EQ(due(), (Names{"a", "b", "c"})) << "rather everything is doubted";
}

}  // namespace
}  // namespace charter::libvirt
