#include "controller/runtime/token_source.h"

#include "controller/runtime/program_run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

using namespace std::chrono_literals;

class TokenSourceTest : public testing::Test {
 protected:
  TokenSourceTest() {
    char name[] = "/tmp/charter-token-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~TokenSourceTest() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& text, unsigned mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  /// A plugin that counts its runs and answers with this status.
  Kubeconfig plugin(const std::string& status) {
    Kubeconfig config;
    config.server = "https://cluster";
    config.exec.api_version = "client.authentication.k8s.io/v1";
    config.exec.command =
        put("plugin",
            "#!/bin/sh\necho run >> " + (folder_ / "runs").string() + "\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" > " +
                (folder_ / "told").string() +
                "\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
                "\"status\":" + status + "}'\n",
            0700);
    return config;
  }
  size_t runs() const {
    std::ifstream in(folder_ / "runs");
    size_t lines = 0;
    for (std::string line; std::getline(in, line);)
      ++lines;
    return lines;
  }

  std::filesystem::path folder_;
  ManualClock clock_{Instant(1'780'000'000s)};
};

TEST_F(TokenSourceTest, AFixedTokenStaysAndNoneIsNone) {
  Kubeconfig config;
  EXPECT_EQ(TokenSource(config, clock_).credential().value().token, "");
  config.token = "t";
  TokenSource tokens(config, clock_);
  clock_.advance(24h);
  EXPECT_EQ(tokens.credential().value().token, "t");
}

TEST_F(TokenSourceTest, ARotatedFileIsSeenAfterAMinuteOrAtOnceWhenTheOldTokenIsRefused) {
  Kubeconfig config;
  config.token_file = put("token", "first\n");
  config.token = "first";
  TokenSource tokens(config, clock_);
  put("token", "second\n");
  EXPECT_EQ(tokens.credential().value().token, "first");
  clock_.advance(60s);
  EXPECT_EQ(tokens.credential().value().token, "second");
  put("token", "third\n");
  tokens.refused({"first", "", ""});
  EXPECT_EQ(tokens.credential().value().token, "second") << "another one was refused";
  tokens.refused({"second", "", ""});
  EXPECT_EQ(tokens.credential().value().token, "third");
}

TEST_F(TokenSourceTest, AFileThatIsJustBeingReplacedCostsNoRequest) {
  Kubeconfig config;
  config.token_file = put("token", "first\n");
  config.token = "first";
  TokenSource tokens(config, clock_);
  std::filesystem::remove(config.token_file);
  clock_.advance(60s);
  EXPECT_EQ(tokens.credential().value().token, "first");
}

TEST_F(TokenSourceTest, APluginIsAskedOnceAndAgainBeforeItsTokenEnds) {
  TokenSource tokens(plugin(R"({"token":"p","expirationTimestamp":")" +
                            format_time(clock_.now() + 10min) + "\"}"),
                     clock_);
  EXPECT_EQ(tokens.credential().value().token, "p");
  clock_.advance(8min);
  EXPECT_EQ(tokens.credential().value().token, "p");
  EXPECT_EQ(runs(), 1u);
  clock_.advance(90s);
  EXPECT_EQ(tokens.credential().value().token, "p");
  EXPECT_EQ(runs(), 2u);
  tokens.refused({"p", "", ""});
  EXPECT_EQ(tokens.credential().value().token, "p");
  EXPECT_EQ(runs(), 3u);
}

TEST_F(TokenSourceTest, APluginMayHandOutACertificateWhichTakesThePlaceOfAnother) {
  Kubeconfig config = plugin(R"({"clientCertificateData":"c","clientKeyData":"k","expirationTimestamp":")" +
                             format_time(clock_.now() + 10min) + "\"}");
  config.certificate_pem = "of the kubeconfig";
  config.key_pem = "its key";
  TokenSource source(config, clock_);
  EXPECT_EQ(source.credential().value(), (Credential{"", "c", "k"}));
  clock_.advance(8min);
  EXPECT_EQ(source.credential().value(), (Credential{"", "c", "k"}));
  EXPECT_EQ(runs(), 1u);
  clock_.advance(90s);
  ASSERT_TRUE(source.credential());
  EXPECT_EQ(runs(), 2u);
  const Kubeconfig both = plugin(R"({"token":"t","clientCertificateData":"c","clientKeyData":"k"})");
  EXPECT_EQ(TokenSource(both, clock_).credential().value(), (Credential{"t", "c", "k"}));
}

TEST_F(TokenSourceTest, APluginIsToldOfTheClusterWhenItWantsTo) {
  Kubeconfig config = plugin(R"({"token":"p"})");
  config.exec.provide_cluster_info = true;
  ASSERT_TRUE(TokenSource(config, clock_).credential());
  std::ifstream in(folder_ / "told");
  const std::string told((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(told.find("\"server\":\"https://cluster\""), std::string::npos) << told;
  EXPECT_NE(told.find("\"interactive\":false"), std::string::npos) << told;
}

TEST_F(TokenSourceTest, WhatAPluginCannotGiveIsSaidWithoutItsWords) {
  const auto certificates =
      TokenSource(plugin(R"({"clientCertificateData":"hunter2"})"), clock_).credential();
  ASSERT_FALSE(certificates);
  EXPECT_EQ(certificates.error().code, Code::Unauthorized);
  EXPECT_NE(certificates.error().message.find("go together"), std::string::npos);
  EXPECT_EQ(certificates.error().message.find("hunter2"), std::string::npos);
  Kubeconfig missing = plugin("{}");
  missing.exec.command = folder_ / "nowhere";
  missing.exec.install_hint = "get it at the shop";
  const auto absent = TokenSource(missing, clock_).credential();
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().message.find("get it at the shop"), std::string::npos);
}

TEST_F(TokenSourceTest, AProgramThatHangsOrFailsOrTalksWithoutEndIsEnded) {
  ProgramRun run{"/bin/sh", {"-c", "read x; echo $x; exit 3"}, {}};
  EXPECT_EQ(run_program_for_output(run).error().message, "it ended with exit code 3");
  run.args = {"-c", "while true; do :; done"};
  run.timeout = 200ms;
  EXPECT_EQ(run_program_for_output(run).error().code, Code::Timeout);
  run.args = {"-c", "yes"};
  run.timeout = 10s;
  run.output_bytes_max = 1000;
  EXPECT_EQ(run_program_for_output(run).error().message, "its output is too long");
  run.args = {"-c", "echo $A"};
  run.env = {{"A", "b"}};
  EXPECT_EQ(run_program_for_output(run).value(), "b\n");
}

}  // namespace
}  // namespace charter
