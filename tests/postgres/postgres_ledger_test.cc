#include "controller/postgres/postgres_ledger.h"

#include "tests/postgres/private_postgres.h"
#include "tests/store/ledger_contract.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

// The ledger in PostgreSQL: the contract of ledgers, terms, and a server that ends, hangs, lies, or
// is spoken to over TLS.
namespace charter::testing {
namespace {

using Rows = std::vector<std::string>;
constexpr Duration kLongPause = std::chrono::minutes(1);

PostgresAddress address(const std::string& uri) {
  auto made = PostgresAddress::of_uri(uri);
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

/// A database on the shared server, and ledgers in it.
class PostgresBench final : public LedgerBench {
 public:
  explicit PostgresBench(PrivatePostgres& server) : absent_(server.absent()) {
    if (absent_.empty()) database_ = server.database();
  }
  std::unique_ptr<SharedLedger> open(std::function<Status()> may_write) override {
    auto opened = try_open(database_.uri, std::move(may_write));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  std::string absent() const override { return absent_; }
  Result<std::unique_ptr<PostgresLedger>> try_open(const std::string& uri,
                                                   std::function<Status()> may_write = {}) {
    return PostgresLedger::open(address(uri), clock_, random_, std::move(may_write));
  }
  /// A statement by somebody who is not the product.
  Result<PostgresRows> run(const char* sql) {
    auto connection = PostgresConnection::open(address(database_.uri), clock_);
    EXPECT_TRUE(connection);
    return (*connection)->run(sql);
  }
  const PostgresDatabase& database() const { return database_; }
  ManualClock& clock() { return clock_; }
  SeededRandom& random() { return random_; }

 private:
  const std::string absent_;
  PostgresDatabase database_;
  ManualClock clock_{Instant{}};
  SeededRandom random_{1};
};

INSTANTIATE_TEST_SUITE_P(Postgres, LedgerContract, ::testing::Values([] {
                           return std::make_unique<PostgresBench>(PrivatePostgres::shared());
                         }));

class PostgresLedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!bench_.absent().empty()) GTEST_SKIP() << bench_.absent();
  }
  std::unique_ptr<SharedLedger> open() { return bench_.open({}); }
  PrivatePostgres& server_ = PrivatePostgres::shared();
  PostgresBench bench_{server_};
};

TEST_F(PostgresLedgerTest, ALeaderOfTheTermBeforeAppendsNothing) {
  const auto before = open(), after = open();
  ASSERT_TRUE(before->begin_term());
  ASSERT_TRUE(before->record("u", {span(1, 10)}));
  ASSERT_TRUE(after->begin_term());
  const auto refused = before->record("u", {span(1, 10, 20)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_TRUE(before->is_fenced());
  EXPECT_FALSE(after->is_fenced());
  EXPECT_EQ(rows_of(*before), (Rows{"u#1 10-"})) << "it may still read";
  ASSERT_TRUE(after->record_end("u", 30));
  EXPECT_EQ(rows_of(*after), (Rows{"u#1 10-30"}));
  EXPECT_EQ(findings(*after), 0u);
}

TEST_F(PostgresLedgerTest, AServerThatIsRestartedInBetweenIsNotNoticed) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->begin_term());
  for (int64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(ledger->record("u", {span(i, i * 10)}));
    server_.order("crash");
    server_.order("start");
  }
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-20", "u#2 20-30", "u#3 30-"}));
  ASSERT_TRUE(ledger->record_end("u", 50));
  EXPECT_FALSE(ledger->is_fenced());
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_F(PostgresLedgerTest, AServerThatIsAwayIsAskedAgainAfterPausesThatGrow) {
  const auto ledger = open();
  server_.order("crash");
  const auto refused = [&] {
    const auto outcome = ledger->record("u", {span(1, 10)});
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::ServiceUnavailable);
    return outcome ? "" : outcome.error().message;
  };
  EXPECT_NE(refused().find("cannot be connected to"), std::string::npos);
  EXPECT_NE(refused().find("tried again soon"), std::string::npos);
  for (int i = 0; i < 10; ++i) {
    bench_.clock().advance(kLongPause);
    EXPECT_NE(refused().find("cannot be connected to"), std::string::npos) << i;
  }
  server_.order("start");
  bench_.clock().advance(std::chrono::seconds(1));
  EXPECT_NE(refused().find("tried again soon"), std::string::npos) << "pauses are seconds by now";
  bench_.clock().advance(kLongPause);
  EXPECT_TRUE(ledger->record("u", {span(1, 10)}));
}

TEST_F(PostgresLedgerTest, AServerThatHangsCostsADeadline) {
  const auto ledger = open();
  server_.order("pause");
  const auto refused = ledger->record("u", {span(1, 10)});
  server_.order("resume");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::ServiceUnavailable);
  bench_.clock().advance(kLongPause);
  EXPECT_TRUE(ledger->record("u", {span(1, 10)}));
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
}

// As a leader that is stopped between two statements: it holds the lock until the server has
// enough.
TEST_F(PostgresLedgerTest, AWriterThatFallsSilentInItsTransactionIsPutAside) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->begin_term());
  PostgresSession silent(address(bench_.database().uri), bench_.clock(), bench_.random());
  // Only a connection that was good before is replaced in the middle.
  ASSERT_TRUE(silent.read([](PostgresConnection&) { return Status(); }));
  int turns = 0;
  ASSERT_TRUE(silent.write([&](PostgresConnection& connection) -> Status {
    CHARTER_TRY(connection.run("SELECT * FROM charter.ledger_head FOR UPDATE"));
    if (++turns == 2) return {};
    CHARTER_TRY(connection.run("UPDATE charter.ledger_head SET position=99"));
    EXPECT_TRUE(ledger->record("u", {span(1, 10)})) << "waits for the lock, and gets it";
    return {};
  }));
  EXPECT_EQ(turns, 2) << "it finds its transaction gone";
  EXPECT_EQ(rows_of(*ledger), (Rows{"u#1 10-"}));
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_F(PostgresLedgerTest, RowsAreNeitherChangedNorRemoved) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10, 20)}));
  for (const char* sql : {"UPDATE charter.ledger SET until=30", "DELETE FROM charter.ledger",
                          "TRUNCATE charter.ledger"})
    EXPECT_FALSE(bench_.run(sql)) << sql;
  EXPECT_EQ(findings(*ledger), 0u);
}

TEST_F(PostgresLedgerTest, WhatSomebodyChangesAllTheSameIsFound) {
  const auto ledger = open();
  ASSERT_TRUE(ledger->record("u", {span(1, 10, 20)}));
  ASSERT_TRUE(ledger->record("v", {span(1, 15)}));
  ASSERT_TRUE(bench_.run("ALTER TABLE charter.ledger DISABLE TRIGGER only_grows"));
  for (const char* column : {"number", "since", "until", "begun"}) {
    const std::string name = column;
    ASSERT_TRUE(bench_.run(("UPDATE charter.ledger SET " + name + "=" + name + "+1").c_str()));
    EXPECT_GT(findings(*ledger), 0u) << column;
    ASSERT_TRUE(bench_.run(("UPDATE charter.ledger SET " + name + "=" + name + "-1").c_str()));
  }
  for (const char* column : {"subject", "meter", "basis", "payer", "payer_name", "name", "part_of",
                             "actor", "ended_by", "amounts", "detail"}) {
    const std::string name = column;
    ASSERT_TRUE(bench_.run(("UPDATE charter.ledger SET " + name + "=" + name + "||'x'").c_str()));
    EXPECT_GT(findings(*ledger), 0u) << column;
    ASSERT_TRUE(bench_.run(
        ("UPDATE charter.ledger SET " + name + "=left(" + name + ", length(" + name + ")-1)")
            .c_str()));
  }
  EXPECT_EQ(findings(*ledger), 0u);
  ASSERT_TRUE(bench_.run("DELETE FROM charter.ledger_open"));
  EXPECT_EQ(findings(*ledger), 1u);
  ASSERT_TRUE(bench_.run("DELETE FROM charter.ledger WHERE position=3"));
  EXPECT_EQ(findings(*ledger), 1u) << "an end that was cut off";
}

TEST_F(PostgresLedgerTest, TablesOfANewerProgramAndADatabaseWithoutAnyAreRefused) {
  const auto absent =
      PostgresLedger::open_to_read(address(bench_.database().uri), bench_.clock(), bench_.random());
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::NotFound);
  open();
  ASSERT_TRUE(bench_.run("UPDATE charter.ledger_head SET format=2"));
  const auto newer = bench_.try_open(bench_.database().uri);
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().message.find("newer program"), std::string::npos);
}

TEST_F(PostgresLedgerTest, WhoOpensToReadWritesNothing) {
  ASSERT_TRUE(open()->record("u", {span(1, 10)}));
  const auto reader =
      PostgresLedger::open_to_read(address(bench_.database().uri), bench_.clock(), bench_.random());
  ASSERT_TRUE(reader);
  EXPECT_EQ(rows_of(**reader), (Rows{"u#1 10-"}));
  EXPECT_FALSE((*reader)->record("v", {span(1, 10)}));
  EXPECT_FALSE((*reader)->begin_term());
}

TEST_F(PostgresLedgerTest, ATextThatPostgresCannotHoldIsRefused) {
  const auto ledger = open();
  MeterSpan told = span(1, 10);
  for (const std::string& wrong : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
    told.name = wrong;
    const auto refused = ledger->record("u", {told});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Invalid);
  }
  EXPECT_EQ(rows_of(*ledger), Rows{});
}

TEST_F(PostgresLedgerTest, NoRolesSettingMakesCommitsLessDurable) {
  PostgresSession session(address(bench_.database().uri), bench_.clock(), bench_.random());
  ASSERT_TRUE(bench_.run("ALTER ROLE postgres SET synchronous_commit=off"));
  ASSERT_TRUE(session.read([](PostgresConnection& connection) -> Status {
    CHARTER_TRY_ASSIGN(const auto rows, connection.run("SHOW synchronous_commit"));
    EXPECT_EQ(rows.text(0, 0), "on");
    return {};
  }));
  ASSERT_TRUE(bench_.run("ALTER ROLE postgres RESET synchronous_commit"));
}

/// A file with these bytes, gone with it.
class SecretFile {
 public:
  SecretFile() {
    std::string name = (std::filesystem::temp_directory_path() / "charter-uri-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    EXPECT_GE(file, 0);
    path_ = name;
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  const std::string& path() const { return path_; }
  void write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }

 private:
  std::string path_;
};

std::string quoted(const std::string& text) {
  std::string out;
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0) {
      out += static_cast<char>(c);
      continue;
    }
    out += '%';
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

/// The URI with a password in it.
std::string with_password(const std::string& uri, const std::string& password) {
  std::string out = uri;
  return out.insert(out.find('@'), ":" + quoted(password));
}

TEST_F(PostgresLedgerTest, AFileWithAPasswordIsReadAnewForEachConnection) {
  const PostgresDatabase& database = bench_.database();
  SecretFile file;
  file.write(with_password(database.socket, "wrong") + "\n");
  const auto of_file = PostgresAddress::of_file(file.path());
  ASSERT_TRUE(of_file);
  EXPECT_EQ(of_file->label().find("wrong"), std::string::npos);
  PostgresSession session(*of_file, bench_.clock(), bench_.random());
  const auto nothing = [](PostgresConnection&) { return Status(); };
  ::testing::internal::CaptureStderr();
  const auto refused = session.write(nothing);
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_FALSE(refused);
  EXPECT_NE(said.find("password authentication failed"), std::string::npos) << said;
  EXPECT_EQ((said + refused.error().message).find("wrong"), std::string::npos) << said;
  file.write(with_password(database.socket, database.password));
  bench_.clock().advance(kLongPause);
  EXPECT_TRUE(session.write(nothing));
}

TEST_F(PostgresLedgerTest, TlsIsAsStrictAsTheUriAsks) {
  const PostgresDatabase& database = bench_.database();
  SecretFile file;
  const auto opens = [&](const std::string& parameters) {
    file.write(with_password(database.tls, database.password) + "&" + parameters);
    const auto of_file = PostgresAddress::of_file(file.path());
    EXPECT_TRUE(of_file);
    return PostgresLedger::open(*of_file, bench_.clock(), bench_.random()).has_value();
  };
  const std::string ca = "sslrootcert=" + quoted(database.ca);
  EXPECT_TRUE(opens("sslmode=verify-full&" + ca));
  EXPECT_TRUE(opens("sslmode=require"));
  EXPECT_FALSE(opens("sslmode=disable")) << "this server takes passwords over TLS only";
  SecretFile other;
  other.write("nobody's certificate");
  EXPECT_FALSE(opens("sslmode=verify-full&sslrootcert=" + quoted(other.path())));
}

TEST(PostgresAddressTest, APasswordOnACommandLineIsRefusedAndNotRepeated) {
  for (const std::string uri :
       {"postgres://u:geheim@h/d", "postgres://u@h/d?password=geheim",
        "postgresql://u@h/d?sslpassword=geheim", "postgres://u:geheim@h/d?no-such=1",
        "postgres://u:geheim%00@h/d", "host=h password=geheim"}) {
    const auto refused = PostgresAddress::of_uri(uri);
    ASSERT_FALSE(refused) << uri;
    EXPECT_EQ(refused.error().code, Code::Invalid);
    EXPECT_EQ(refused.error().message.find("geheim"), std::string::npos) << refused.error().message;
  }
}

TEST(PostgresAddressTest, ALabelNamesHostsAndDatabaseOnly) {
  EXPECT_EQ(address("postgres://u@a,b:5433/d?sslmode=verify-full").label(),
            "postgres://a,b:,5433/d");
  EXPECT_EQ(address("postgresql:///d").label(), "postgres:///d");
}

TEST(PostgresAddressTest, AFileThatHoldsNoAddressIsRefusedWithoutItsText) {
  SecretFile file;
  for (const std::string& text : {std::string(), std::string("geheim"), std::string(20'000, 'g')}) {
    file.write(text);
    const auto refused = PostgresAddress::of_file(file.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message.find("geheim"), std::string::npos);
    EXPECT_NE(refused.error().message.find(file.path()), std::string::npos);
  }
}

}  // namespace
}  // namespace charter::testing
