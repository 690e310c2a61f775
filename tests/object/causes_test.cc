#include "controller/object/causes.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

TEST(Causes, Messages_are_those_of_field_errors_in_kubernetes) {
  EXPECT_EQ(invalid_cause("f", 99, "no"),
            (Cause{"FieldValueInvalid", "Invalid value: 99: no", "f"}));
  EXPECT_EQ(type_cause("f", "x", "no"),
            (Cause{"FieldValueTypeInvalid", "Invalid value: \"x\": no", "f"}));
  EXPECT_EQ(required_cause("f"), (Cause{"FieldValueRequired", "Required value", "f"}));
  EXPECT_EQ(required_cause("f", "why").message, "Required value: why");
  EXPECT_EQ(forbidden_cause("f", "why"), (Cause{"FieldValueForbidden", "Forbidden: why", "f"}));
  EXPECT_EQ(duplicate_cause("f", Json{{"key", "a"}}),
            (Cause{"FieldValueDuplicate", "Duplicate value: {\"key\":\"a\"}", "f"}));
  EXPECT_EQ(unsupported_cause("f", "p", {"a", "b"}),
            (Cause{"FieldValueNotSupported",
                   "Unsupported value: \"p\": supported values: \"a\", \"b\"", "f"}));
  EXPECT_EQ(too_many_cause("f", 4, 3),
            (Cause{"FieldValueTooMany", "Too many: 4: must have at most 3 items", "f"}));
  EXPECT_EQ(too_long_cause("f", 1),
            (Cause{"FieldValueTooLong", "Too long: may not be more than 1 byte", "f"}));
}

TEST(Causes, Values_print_as_go_prints_them) {
  EXPECT_EQ(value_text(nullptr), "null");
  EXPECT_EQ(value_text(true), "true");
  EXPECT_EQ(value_text(1.5), "1.5");
  EXPECT_EQ(value_text("a\"b\\c\n\x01é"), R"("a\"b\\c\n\x01é")");
  EXPECT_EQ(value_text(Json::array({1, "a"})), R"([1,"a"])");
}

TEST(Causes, Floats_use_the_shortest_form_with_exponents_from_a_million_on) {
  // Printed by Go 1.19: fmt.Println of the same numbers.
  EXPECT_EQ(go_float(0), "0");
  EXPECT_EQ(go_float(65535), "65535");
  EXPECT_EQ(go_float(100000), "100000");
  EXPECT_EQ(go_float(1e6), "1e+06");
  EXPECT_EQ(go_float(123456789), "1.23456789e+08");
  EXPECT_EQ(go_float(1e21), "1e+21");
  EXPECT_EQ(go_float(0.0001), "0.0001");
  EXPECT_EQ(go_float(0.00001), "1e-05");
  EXPECT_EQ(go_float(-2.25), "-2.25");
}

}  // namespace
}  // namespace charter
