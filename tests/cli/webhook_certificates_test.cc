#include "controller/cli/webhook_certificates.h"

#include "controller/api/certificate_facts.h"
#include "controller/base/base64.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <map>

// The webhooks' certificates over years: whenever an API server calls any replica, the certificate
// that it is shown is one that it trusts. A call that fails would refuse somebody's write.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
const ObjectName kSecret{"system", "charter-webhooks"};
const Gvr kSecrets{"", "v1", "secrets"};

/// While what is shown is trusted: a leaf, by a bundle.
struct Trust {
  Instant from{}, to{};
};

Trust trust_of(const std::string& leaf, const std::string& bundle) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
  for (size_t from = 0; from < bundle.size();) {
    const size_t end = bundle.find(kEnd, from) + kEnd.size();
    const std::string ca = bundle.substr(from, end - from);
    from = end;
    if (!is_signed_by(leaf, ca)) continue;
    const auto of_leaf = certificate_facts(leaf).value(), of_ca = certificate_facts(ca).value();
    return {std::max(of_leaf.not_before, of_ca.not_before),
            std::min(of_leaf.not_after, of_ca.not_after)};
  }
  return {};
}

/// An API server that learns of a new bundle a minute after it was written.
class TrustingServer {
 public:
  explicit TrustingServer(const Clock& clock) : clock_(clock) {}
  void learn(const std::string& bundle) { told_.push_back({clock_.now() + 1min, bundle}); }
  bool has_any() const { return !told_.empty(); }
  bool trusts(const std::string& leaf) {
    while (told_.size() > 1 && told_[1].first <= clock_.now())
      told_.pop_front();
    const auto [known, fresh] = known_.try_emplace({leaf, told_.front().second});
    if (fresh) known->second = trust_of(leaf, told_.front().second);
    return known->second.from <= clock_.now() && clock_.now() < known->second.to;
  }

 private:
  const Clock& clock_;
  std::deque<std::pair<Instant, std::string>> told_;
  std::map<std::pair<std::string, std::string>, Trust> known_;  // of leaf and bundle
};

/// One replica: what it shows in handshakes.
struct Replica {
  Replica(Client& client, const Clock& clock)
      : certificates(client, kSecret, {"charter.system.svc"}, clock) {}
  WebhookCertificates certificates;
  std::string leaf = {};
  std::string bundle = {};
  Status look() {
    CHARTER_TRY_ASSIGN(const WebhookMaterial found, certificates.look());
    leaf = found.tls.certificate_pem;
    bundle = found.ca_bundle;
    return {};
  }
};

class WebhookCertificatesTest : public ::testing::Test {
 protected:
  WebhookCertificatesTest() { api_.create(kNamespaces, namespace_of("system")); }
  static Json namespace_of(const std::string& name) {
    return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
  }
  void check(const char* when) {
    for (const auto& replica : replicas_) {
      if (replica->leaf.empty() || !server_.has_any()) continue;
      ASSERT_TRUE(server_.trusts(replica->leaf)) << when << ", day " << day();
    }
  }
  int64_t day() const { return (clock().now() - start_) / kDay; }
  ManualClock& clock() const { return api_.clock(); }
  /// What the loop of the leader does with its webhooks.
  Status lead(Replica& leader) {
    const auto publish = [this](const std::string& bundle) -> Status {
      server_.learn(bundle);
      check("while a new bundle is on its way");
      return {};
    };
    if (leader.bundle != published_) CHARTER_TRY(publish(leader.bundle));
    published_ = leader.bundle;
    return leader.certificates.rotate(publish);
  }
  std::string ca() {
    const Json secret = api_.get(kSecrets, kSecret)->tree();
    return decode_base64(text_at(secret, {"data", "tls.key"})).value_or("");
  }

  mutable LocalApi api_;
  const Instant start_ = api_.clock().now();
  std::shared_ptr<FaultyClient> client_ = std::make_shared<FaultyClient>(api_.client());
  std::vector<std::unique_ptr<Replica>> replicas_;
  TrustingServer server_{api_.clock()};
  std::string published_;
};

TEST_F(WebhookCertificatesTest, OverThreeYearsEveryReplicaIsTrustedAtEachMoment) {
  SeededRandom chance(4);
  for (int i = 0; i < 3; ++i)
    replicas_.push_back(std::make_unique<Replica>(*client_, clock()));
  for (const auto& replica : replicas_)
    ASSERT_TRUE(replica->look());
  ASSERT_TRUE(lead(*replicas_[0]));
  clock().advance(1min);
  std::string signer = ca(), leaf = replicas_[0]->leaf;
  int authorities = 1, leaves = 1, steps_by_the_minute = 0;
  while (day() < 3 * 365) {
    // A leader that changes, and requests that fail now and then.
    Replica& leader = *replicas_[static_cast<size_t>(day() / 100) % replicas_.size()];
    if (random_below(chance, 5) == 0)
      client_->fail_next(random_below(chance, 2) == 0 ? "update" : "get",
                         {Code::ServiceUnavailable, "no answer"});
    for (const auto& replica : replicas_) {
      const bool looked = replica->look().has_value();
      check("after a look");
      if (looked && replica.get() == &leader) (void)lead(leader);
      check("after the leader's turn");
    }
    if (const std::string now = ca(); now != signer) {
      signer = now;
      ++authorities;
      steps_by_the_minute = 15;
    }
    if (replicas_[0]->leaf != leaf) {
      leaf = replicas_[0]->leaf;
      ++leaves;
    }
    const bool by_the_minute = steps_by_the_minute-- > 0;
    clock().advance(by_the_minute ? 1min : Duration(48h));
    check("later");
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(authorities, 4) << "two thirds of a year each";
  EXPECT_GE(leaves, 3 * 12);
}

TEST_F(WebhookCertificatesTest, ANewAuthoritySignsOnlyWhenEveryServerKnowsIt) {
  Replica one(*client_, clock());
  ASSERT_TRUE(one.look());
  clock().advance(244 * kDay);
  ASSERT_TRUE(one.look());
  const std::string before = one.leaf;
  ASSERT_TRUE(one.certificates.rotate([](const std::string&) { return Status(); }));
  ASSERT_TRUE(one.look());
  EXPECT_EQ(one.leaf, before);
  clock().advance(10min);
  ASSERT_TRUE(one.look());
  EXPECT_NE(one.leaf, before);
}

TEST_F(WebhookCertificatesTest, ABundleThatCannotBePublishedChangesNothing) {
  Replica one(*client_, clock());
  ASSERT_TRUE(one.look());
  clock().advance(244 * kDay);
  ASSERT_TRUE(one.look());
  const std::string before = ca();
  const auto refuse = [](const std::string&) -> Status {
    return Error{Code::ServiceUnavailable, "no answer"};
  };
  EXPECT_FALSE(one.certificates.rotate(refuse));
  EXPECT_EQ(ca(), before);
}

}  // namespace
}  // namespace charter::test
