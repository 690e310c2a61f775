#include "controller/object/schema_format.h"

#include <gtest/gtest.h>

#include <vector>

namespace charter {
namespace {

/// One row: a format, texts that have it, and texts that do not.
struct Row {
  const char* format;
  std::vector<const char*> good;
  std::vector<const char*> bad;
};

TEST(SchemaFormat, Every_format_takes_and_refuses_what_kubernetes_does) {
  const Row rows[] = {
      {"date-time",
       {"2026-11-23T22:47:31Z", "2026-11-23t22:47:31.123456789z", "2024-02-29T00:00:00+02:00"},
       {"yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T22:47:31", "2026-11-23 22:47:31Z"}},
      {"datetime", {"2026-11-23T22:47:31Z"}, {"x"}},
      {"date", {"2024-02-29"}, {"2023-02-29", "2024-2-9", "x", ""}},
      {"duration", {"5m", "1h30m", "1.5s", "3 days", "-2s", "0"}, {"", "5", "m", "1x", "h1"}},
      {"byte", {"YQ==", "YWI=", "YWJj"}, {"", "Y", "YQ=", "Y Q=", "?"}},
      {"uuid",
       {"4e503eed-a08e-481a-976d-64675c414a21", "4E503EEDA08E481A976D64675C414A21"},
       {"4e503eed-a08e-481a-976d", "g e503eed"}},
      {"uuid4", {"4e503eed-a08e-481a-976d-64675c414a21"}, {"4e503eed-a08e-381a-976d-64675c414a21"}},
      {"uuid3", {"4e503eed-a08e-381a-976d-64675c414a21"}, {"4e503eed-a08e-481a-976d-64675c414a21"}},
      {"uuid5", {"4e503eed-a08e-581a-976d-64675c414a21"}, {"4e503eed-a08e-481a-976d-64675c414a21"}},
      {"ipv4", {"10.0.0.1", "255.255.255.255"}, {"10.0.0", "10.0.0.256", "::1", ""}},
      {"ipv6", {"::1", "fe80::1", "::ffff:10.0.0.1"}, {"10.0.0.1", ":::", "g::"}},
      {"cidr",
       {"10.0.0.0/8", "::/0", "fe80::/128"},
       {"10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x"}},
      {"mac",
       {"00:1a:2B:3c:4d:5e", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "02:00:5e:10:00:00:00:01"},
       {"00:1a:2b:3c:4d", "0:1:2:3:4:5", "zz:1a:2b:3c:4d:5e"}},
      {"uri", {"https://a.example/b?c#d", "urn:x:y", "/path"}, {"relative", "", "http://a b"}},
      {"hostname",
       {"example.com", "a", "xn--bcher-kva.example"},
       {"", "-a.example", "a..b", "a b", "a.example."}},
      {"email", {"a@example.com", "A <a@example.com>"}, {"a", "@x", "a@", "a b@c"}},
      {"hexcolor", {"#fff", "a0b1c2"}, {"#ff", "red"}},
      {"rgbcolor", {"rgb(0, 128, 255)"}, {"rgb(0,0,256)", "rgb(1,2)"}},
      {"creditcard", {"4111 1111 1111 1111"}, {"4111 1111 1111 1112", "1234"}},
      {"isbn", {"0-306-40615-2", "978-0-306-40615-7"}, {"0-306-40615-3", "978-0-306-40615-8"}},
      {"isbn10", {"0306406152"}, {"9780306406157"}},
      {"isbn13", {"9780306406157"}, {"0306406152"}},
      {"ssn", {"123-45-6789"}, {"123-45-678"}},
      {"bsonobjectid", {"507f1f77bcf86cd799439011"}, {"507f1f77"}},
      {"k8s-short-name", {"a-1"}, {"A", "a.b", ""}},
      {"k8s-long-name", {"a-1.b"}, {"A.b", ".b", ""}},
      {"password", {"anything"}, {}},
      {"something-else", {"ignored", ""}, {}},
  };
  for (const Row& row : rows) {
    for (const char* text : row.good)
      EXPECT_TRUE(matches_format(row.format, text)) << row.format << " " << text;
    for (const char* text : row.bad)
      EXPECT_FALSE(matches_format(row.format, text)) << row.format << " " << text;
  }
}

}  // namespace
}  // namespace charter
