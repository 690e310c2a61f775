#include "controller/object/field_tallies.h"

#include "controller/base/random.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace charter {
namespace {

constexpr std::string_view kSize = "size";

ObjectPtr sized(const std::string& ns, const std::string& name, const std::string& size) {
  const Json tree = {{"metadata", {{"namespace", ns}, {"name", name}}}};
  return Encoded::make(tree, 1, size.empty() ? Pairs{} : Pairs{{std::string(kSize), size}});
}

TEST(FieldTallies, A_field_is_counted_from_the_first_question_on_what_was_there_included) {
  FieldTallies tallies;
  const ObjectPtr a = sized("n", "a", "big"), b = sized("n", "b", "small");
  tallies.change(nullptr, a.get());
  EXPECT_FALSE(tallies.counts(kSize));
  tallies.begin(kSize, [&](const auto& count) { count(*a); });
  tallies.change(nullptr, b.get());
  EXPECT_EQ(tallies.of(kSize, "n"), (Tally{{"big", 1}, {"small", 1}}));
  tallies.change(a.get(), nullptr);
  EXPECT_EQ(tallies.of(kSize, "n"), (Tally{{"small", 1}})) << "nothing has it: forgotten";
  EXPECT_EQ(tallies.of(kSize, "elsewhere"), Tally{});
}

TEST(FieldTallies, Counts_are_those_of_a_scan_after_any_changes) {
  FieldTallies tallies;
  SeededRandom random(3);
  std::map<ObjectName, ObjectPtr> objects;
  tallies.begin(kSize, [](const auto&) {});
  for (int i = 0; i < 5'000; ++i) {
    const ObjectName name{"n" + std::to_string(random_below(random, 3)),
                          std::to_string(random_below(random, 20))};
    ObjectPtr& place = objects[name];
    const uint64_t what = random_below(random, 5);
    ObjectPtr next;
    if (what > 0) next = sized(name.ns, name.name, what == 4 ? "" : std::to_string(what));
    tallies.change(place.get(), next.get());
    place = next;
  }
  for (const std::string ns : {"n0", "n1", "n2", ""}) {
    Tally wanted;
    for (const auto& [name, object] : objects) {
      if (!object || (!ns.empty() && name.ns != ns)) continue;
      if (const auto* size = find_pair(object->header().fields, kSize)) ++wanted[*size];
    }
    EXPECT_EQ(tallies.of(kSize, ns), wanted) << ns;
  }
}

}  // namespace
}  // namespace charter
