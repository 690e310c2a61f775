#include "controller/cli/certificate_keeper.h"

#include "controller/api/certificate_facts.h"
#include "controller/cli/ca_rotation.h"
#include "tests/support/wire_server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

// Certificates that change under a running TLS server, seen from real clients.
namespace charter::testing {
namespace {

constexpr auto kDay = std::chrono::hours(24);

void write_text(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

/// A data directory, a server, and a keeper that has been bound to it.
class Keeping : public ::testing::Test {
 protected:
  // Certificates made now must also be valid for OpenSSL, which knows only the real time: the clock
  // begins so long ago that the moments after two thirds of a year are in the past.
  Keeping() : clock_(SystemClock().now() - 245 * kDay) {
    char name[] = "/tmp/charter-keeper-XXXXXX";
    dir_ = mkdtemp(name);
    files_ = {dir_ + "/given.crt", dir_ + "/given.key", ""};
  }
  ~Keeping() override {
    keeper_.reset();
    std::filesystem::remove_all(dir_);
  }

  /// A pair of another CA with its chain, valid at the machine's time and at the clock's.
  static CertifiedKey pair_of(const CertifiedKey& ca) {
    LeafRequest request;
    request.common_name = "given";
    request.ip_addresses = {"127.0.0.1"};
    CertifiedKey out =
        issue_certificate(ca, request, SystemClock().now() - 300 * kDay, 400 * kDay).value();
    out.certificate_pem += ca.certificate_pem;
    return out;
  }
  static CertifiedKey ca_of(const std::string& name) {
    return make_ca(name, SystemClock().now() - 300 * kDay, 3000 * kDay).value();
  }
  void give(const CertifiedKey& pair) {
    write_text(files_.certificate, pair.certificate_pem);
    write_text(files_.key, pair.key_pem);
  }

  void keep(const CertificateFiles& files) {
    keeper_ = std::make_unique<CertificateKeeper>(
        CertificateKeeperParts{clock_, metrics_, dir_, "127.0.0.1", files});
    const auto material = keeper_->load();
    ASSERT_TRUE(material) << material.error().message;
    ASSERT_TRUE(server_.http().reload(*material));
    ASSERT_TRUE(
        keeper_->bind([this](const TlsMaterial& next) { return server_.http().reload(next); },
                      [this](const std::string& trusted, const CertifiedKey& admin) {
                        trusted_ = trusted;
                        admin_ = admin;
                        ++published_;
                        return Status();
                      }));
  }

  /// A client with what the kubeconfig says, or with another trust or identity.
  std::unique_ptr<RawClient> client(const std::string& trusted,
                                    const CertifiedKey* identity) const {
    RawClientOptions options = server_.client();
    options.ca_pem = trusted;
    options.identity = identity;
    return RawClient::connect(options);
  }
  std::string served() const {
    const auto made = client(trusted_, nullptr);
    return made ? made->peer_certificate_pem() : "";
  }
  bool serves(const CertifiedKey& pair) const {
    const std::string leaf = served();
    return !leaf.empty() && pair.certificate_pem.starts_with(leaf);
  }
  std::string name_of(const CertifiedKey& identity) const {
    const auto made = client(trusted_, &identity);
    return made ? made->get("/identity").body : "";
  }
  bool counted(const std::string& result, int count) const {
    const std::string line = "charter_certificate_reloads_total{result=\"" + result + "\"} " +
                             std::to_string(count) + "\n";
    return metrics_.expose().find(line) != std::string::npos;
  }

  ManualClock clock_;
  Metrics metrics_;
  WireServer server_;
  std::string dir_;
  CertificateFiles files_;
  std::unique_ptr<CertificateKeeper> keeper_;
  std::string trusted_;
  CertifiedKey admin_;
  int published_ = 0;
};

TEST_F(Keeping, A_stream_that_is_open_goes_on_and_new_handshakes_get_the_new_certificate) {
  const CertifiedKey first = pair_of(ca_of("first")), second = pair_of(ca_of("second"));
  give(first);
  keep(files_);
  const std::string old_trust = trusted_;
  const auto watcher = client(old_trust, nullptr);
  ASSERT_NE(watcher, nullptr);
  ASSERT_TRUE(watcher->send("GET /stream/w HTTP/1.1\r\nHost: x\r\n\r\n"));
  server_.tap("w").push("before");
  watcher->read_until("\r\n\r\n");
  EXPECT_EQ(watcher->read_chunk(), "before");

  give(second);
  keeper_->look();
  EXPECT_EQ(client(old_trust, nullptr), nullptr) << "a new handshake gets the new certificate";
  EXPECT_TRUE(serves(second)) << "which the new kubeconfig trusts";
  server_.tap("w").push("after");
  EXPECT_EQ(watcher->read_chunk(), "after");
  EXPECT_TRUE(counted("applied", 1));
  EXPECT_TRUE(counted("refused", 0));
}

TEST_F(Keeping, A_bad_pair_changes_nothing_is_told_once_and_a_good_one_is_taken_later) {
  const CertifiedKey good = pair_of(ca_of("good")), other = pair_of(ca_of("other"));
  give(good);
  keep(files_);
  LeafRequest request;
  request.common_name = "old";
  const CertifiedKey ended =
      issue_certificate(ca_of("x"), request, clock_.now() - 10 * kDay, kDay).value();
  const std::vector<CertifiedKey> table = {
      {good.certificate_pem, other.key_pem},  // the key of another
      {other.certificate_pem, good.key_pem},  // half-way through a replacement
      ended,                                  // over
      {"no pem", good.key_pem},
      {good.certificate_pem, "no pem"},
      {std::string(2'000'000, 'x'), good.key_pem},
      {"", ""},
  };
  int refused = 0;
  for (const CertifiedKey& bad : table) {
    give(bad);
    keeper_->look();
    keeper_->look();
    EXPECT_TRUE(serves(good)) << refused;
    give(good);  // each refusal is told anew after something good
    keeper_->look();
    EXPECT_TRUE(counted("refused", ++refused)) << metrics_.expose();
  }
  std::filesystem::remove(files_.key);
  keeper_->look();
  EXPECT_TRUE(serves(good)) << "no file";
  EXPECT_TRUE(counted("applied", 0));
  give(other);
  keeper_->look();
  EXPECT_TRUE(serves(other));
  EXPECT_TRUE(counted("applied", 1));
}

TEST_F(Keeping, What_cannot_be_used_stops_the_first_start_and_names_the_file) {
  give({"no pem", "no pem"});
  CertificateKeeper keeper({clock_, metrics_, dir_, "127.0.0.1", files_});
  const auto material = keeper.load();
  ASSERT_FALSE(material);
  EXPECT_NE(material.error().message.find(files_.certificate), std::string::npos);
}

TEST_F(Keeping, Own_certificates_are_renewed_after_two_thirds_of_their_life_and_streams_go_on) {
  keep({});
  const CertifiedKey first_admin = admin_;
  const std::string first_served = served();
  ASSERT_FALSE(first_served.empty());
  const auto watcher = client(trusted_, &first_admin);
  ASSERT_TRUE(watcher->send("GET /stream/w HTTP/1.1\r\nHost: x\r\n\r\n"));
  server_.tap("w").push("before");
  watcher->read_until("\r\n\r\n");
  EXPECT_EQ(watcher->read_chunk(), "before");

  clock_.advance(243 * kDay);
  keeper_->look();
  EXPECT_EQ(served(), first_served) << "not yet";
  EXPECT_EQ(published_, 1);
  clock_.advance(kDay);
  keeper_->look();
  EXPECT_NE(served(), first_served);
  EXPECT_EQ(published_, 2);
  EXPECT_NE(admin_, first_admin);
  EXPECT_EQ(name_of(admin_), "charter-admin|system:masters");
  EXPECT_EQ(name_of(first_admin), "charter-admin|system:masters") << "valid until its own end";
  server_.tap("w").push("after");
  EXPECT_EQ(watcher->read_chunk(), "after");
  keeper_->look();
  EXPECT_EQ(published_, 2) << "and then nothing is written";
  const auto end =
      std::chrono::duration<double>(certificate_facts(served())->not_after.time_since_epoch());
  EXPECT_GT(end.count(), 0);
  EXPECT_NE(metrics_.expose().find(
                "charter_certificate_expiration_timestamp_seconds{certificate=\"serving\"} " +
                std::to_string(static_cast<long long>(end.count()))),
            std::string::npos);
}

TEST_F(Keeping, Issuers_of_client_certificates_come_and_go_and_our_own_stays) {
  const CertifiedKey one = ca_of("one"), two = ca_of("two");
  LeafRequest request;
  request.use = LeafRequest::Use::Client;
  request.common_name = "ann";
  const Instant before = SystemClock().now() - kDay;
  const CertifiedKey of_one = issue_certificate(one, request, before, 10 * kDay).value();
  const CertifiedKey of_two = issue_certificate(two, request, before, 10 * kDay).value();
  const std::string file = dir_ + "/clients.pem";
  write_text(file, one.certificate_pem);
  keep({"", "", file});
  EXPECT_EQ(name_of(of_one), "ann");
  EXPECT_EQ(name_of(of_two), "");
  write_text(file, one.certificate_pem + two.certificate_pem);
  keeper_->look();
  EXPECT_EQ(name_of(of_one), "ann");
  EXPECT_EQ(name_of(of_two), "ann");
  write_text(file, "junk");
  keeper_->look();
  EXPECT_EQ(name_of(of_two), "ann") << "what cannot be read takes nothing away";
  write_text(file, two.certificate_pem);
  keeper_->look();
  EXPECT_EQ(name_of(of_one), "");
  EXPECT_EQ(name_of(of_two), "ann");
  EXPECT_EQ(name_of(admin_), "charter-admin|system:masters");
}

TEST_F(Keeping, A_change_of_our_ca_leaves_nobody_out_who_follows_its_steps) {
  keep({});
  const CertifiedKey old_admin = admin_;
  const std::string old_trust = trusted_;
  EXPECT_EQ(switch_ca(dir_).error().code, Code::NotFound);
  ASSERT_TRUE(prepare_ca(dir_, clock_.now()));
  EXPECT_EQ(prepare_ca(dir_, clock_.now()).error().code, Code::Conflict);
  EXPECT_EQ(finish_ca(dir_).error().code, Code::Conflict);
  keeper_->look();
  const std::string both_trusted = trusted_;
  EXPECT_NE(client(old_trust, &old_admin), nullptr) << "the old one still signs";
  EXPECT_EQ(admin_, old_admin);
  EXPECT_NE(both_trusted, old_trust);

  ASSERT_TRUE(switch_ca(dir_));
  keeper_->look();
  EXPECT_EQ(client(old_trust, nullptr), nullptr) << "the new one signs";
  EXPECT_NE(client(both_trusted, nullptr), nullptr) << "whoever was given both verifies it";
  EXPECT_NE(admin_, old_admin);
  EXPECT_EQ(name_of(old_admin), "charter-admin|system:masters") << "clients of the old one get in";

  ASSERT_TRUE(finish_ca(dir_));
  keeper_->look();
  EXPECT_EQ(name_of(old_admin), "") << "no longer";
  EXPECT_EQ(name_of(admin_), "charter-admin|system:masters");
  EXPECT_TRUE(counted("refused", 0));
}

TEST_F(Keeping, A_ca_that_cannot_be_used_is_not_replaced) {
  keep({});
  const std::string before = served();
  write_text(dir_ + "/pki/ca.key", "junk");
  keeper_->look();
  EXPECT_EQ(served(), before);
  EXPECT_TRUE(counted("refused", 1));
  const auto again = load_credentials(dir_, "127.0.0.1", clock_.now());
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("/pki/ca.crt, .key: the CA cannot be used"),
            std::string::npos);
  EXPECT_EQ(read_file(dir_ + "/pki/ca.key"), "junk");
}

TEST_F(Keeping, A_key_that_a_crash_left_without_its_certificate_is_replaced) {
  keep({});
  write_text(dir_ + "/pki/server.key", ca_of("x").key_pem);
  const auto again = load_credentials(dir_, "127.0.0.1", clock_.now());
  ASSERT_TRUE(again);
  EXPECT_TRUE(check_pair(again->server, clock_.now()));
}

TEST_F(Keeping, Its_thread_sees_a_change_by_itself) {
  give(pair_of(ca_of("first")));
  keep(files_);
  keeper_->start();
  const CertifiedKey second = pair_of(ca_of("second"));
  give(second);
  const SystemClock clock;
  const Duration end = clock.monotonic() + std::chrono::seconds(30);
  while (!serves(second) && clock.monotonic() < end)
    std::this_thread::yield();
  EXPECT_TRUE(serves(second));
}

}  // namespace
}  // namespace charter::testing
