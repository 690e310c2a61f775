#include "controller/object/labels.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

constexpr const char* kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

TEST(Names, Subdomains_are_what_kubernetes_calls_so) {
  for (const std::string& name : {std::string("a"), std::string("a-b.c-d"), std::string("1.2.3"),
                                  std::string("web-0"), std::string(253, 'a')}) {
    EXPECT_EQ(subdomain_problem(name), "") << name;
  }
  for (const char* name : {"", "Bad_Name", "..", ".", "a..b", "a/b", "-rf", "a-", "a.", ".a",
                           "a.-b", "UPPER", "a b", "a\n", "\xD0\xB0",
                           "a\xE2\x80\xAE"
                           "b",
                           "a%00", "a_b", "*"}) {
    EXPECT_EQ(subdomain_problem(name), kSubdomain) << name;
  }
  EXPECT_EQ(subdomain_problem(std::string(254, 'a')), "must be no more than 253 bytes");
}

TEST(Names, Labels_have_no_dots_and_63_bytes) {
  EXPECT_EQ(dns_label_problem("my-name"), "");
  EXPECT_EQ(dns_label_problem(std::string(63, 'a')), "");
  EXPECT_EQ(dns_label_problem(std::string(64, 'a')), "must be no more than 63 bytes");
  for (const char* name : {"", "a.b", "A", "-a", "a-"}) {
    EXPECT_EQ(dns_label_problem(name),
              "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
              "'-', and must start and "
              "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
              "validation is "
              "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
        << name;
  }
}

TEST(Names, Qualified_names_have_an_optional_prefix) {
  const std::string part =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
      "with an alphanumeric "
      "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
      "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  for (const char* key : {"a", "A_b.c-D", "example.com/MyName", "kubernetes.io/metadata.name"}) {
    EXPECT_EQ(qualified_name_problem(key), "") << key;
  }
  EXPECT_EQ(qualified_name_problem("bad label"), part);
  EXPECT_EQ(qualified_name_problem("-a"), part);
  EXPECT_EQ(qualified_name_problem(""), "name part must be non-empty; " + part);
  EXPECT_EQ(qualified_name_problem("a.b/"), "name part must be non-empty; " + part);
  EXPECT_EQ(qualified_name_problem("/a"), "prefix part must be non-empty");
  EXPECT_EQ(qualified_name_problem("Bad/a"), "prefix part " + std::string(kSubdomain));
  EXPECT_EQ(qualified_name_problem(std::string(64, 'a')),
            "name part must be no more than 63 bytes");
  EXPECT_EQ(qualified_name_problem("a/b/c"),
            "a valid label key " + part.substr(10) +
                " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
}

TEST(Names, Label_values_may_be_empty) {
  for (const char* value : {"", "a", "MyValue", "my_value", "12345", "a.b-c"}) {
    EXPECT_EQ(label_value_problem(value), "") << value;
  }
  for (const char* value : {"-a", "a/b", "a b", "a.", "\xC3\xA4"}) {
    EXPECT_EQ(label_value_problem(value),
              "a valid label must be an empty string or consist of alphanumeric characters, '-', "
              "'_' or '.', and must "
              "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
              "'12345', regex used for "
              "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
        << value;
  }
  EXPECT_EQ(label_value_problem(std::string(64, 'a')), "must be no more than 63 bytes");
}

}  // namespace
}  // namespace charter
