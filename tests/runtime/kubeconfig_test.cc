#include "controller/runtime/kubeconfig.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace charter {
namespace {

namespace fs = std::filesystem;

/// A folder of files for one test.
class KubeconfigTest : public testing::Test {
 protected:
  KubeconfigTest()
      : folder_(fs::temp_directory_path() /
                ("charter-kubeconfig-" + std::to_string(getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
  }
  ~KubeconfigTest() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  /// A config with one context; `cluster` and `user` are the members of each, in flow style.
  Result<Kubeconfig> read(const std::string& cluster, const std::string& user,
                          const std::string& context = {}) const {
    return read_kubeconfig(put("config",
                               "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
                               "contexts:\n- name: here\n  context: {cluster: c, user: "
                               "u, namespace: shop}\n"
                               "clusters:\n- name: c\n  cluster: {" +
                                   cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n"),
                           context);
  }

  const fs::path folder_;
};

const std::string kServer = "server: 'https://127.0.0.1:7443'";

TEST_F(KubeconfigTest, ReadsTheCurrentContextWithInlineData) {
  const auto config = read(kServer + ", certificate-authority-data: Y2E=",
                           "client-certificate-data: Y2VydA==, client-key-data: a2V5");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://127.0.0.1:7443");
  EXPECT_EQ(config->ca_pem, "ca");
  EXPECT_EQ(config->certificate_pem, "cert");
  EXPECT_EQ(config->key_pem, "key");
  EXPECT_EQ(config->ns, "shop");
  EXPECT_FALSE(config->skip_verify);
}

TEST_F(KubeconfigTest, ReadsFilesRelativeToItsOwnFolder) {
  put("ca.pem", "from a file");
  put("token", "secret\n");
  const auto config = read(kServer + ", certificate-authority: ca.pem", "tokenFile: token");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ca_pem, "from a file");
  EXPECT_EQ(config->token, "secret");
}

TEST_F(KubeconfigTest, RefusesWhatItWouldOtherwiseIgnore) {
  for (const char* user : {"exec: {command: x}", "auth-provider: {name: oidc}", "username: u",
                           "as: root", "client-certificate-data: Y2VydA=="}) {
    const auto config = read(kServer, user);
    ASSERT_FALSE(config) << user;
    EXPECT_EQ(config.error().code, Code::Invalid) << user;
  }
  EXPECT_FALSE(read(kServer + ", proxy-url: 'http://u:p@p:1'", "token: t"));
  EXPECT_FALSE(read(kServer + ", tls-server-name: other", "token: t"));
  EXPECT_FALSE(read("server: 'http://127.0.0.1:1'", "token: t"));
}

TEST_F(KubeconfigTest, ReadsPluginsTokenFilesAndProxies) {
  put("token", "secret\n");
  const auto config =
      read(kServer + ", proxy-url: 'http://proxy:3128'",
           "exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, "
           "args: [get, token], env: [{name: REGION, value: eu}], provideClusterInfo: true, "
           "installHint: install it}, tokenFile: token");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->proxy_url, "http://proxy:3128");
  EXPECT_EQ(config->exec.command, (folder_ / "bin/login").string());
  EXPECT_EQ(config->exec.args, (std::vector<std::string>{"get", "token"}));
  EXPECT_EQ(config->exec.env.at(0).second, "eu");
  EXPECT_TRUE(config->exec.provide_cluster_info);
  EXPECT_EQ(config->token_file, (folder_ / "token").string());
  EXPECT_EQ(config->token, "secret");
}

TEST_F(KubeconfigTest, RefusesPluginsThatNeedATerminal) {
  const auto config = read(kServer,
                           "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, "
                           "interactiveMode: Always}");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("terminal"), std::string::npos);
}

TEST_F(KubeconfigTest, APodFindsItsCluster) {
  put("token", "pod-token\n");
  put("ca.crt", "authority");
  put("namespace", "charter-system");
  const auto config = in_cluster_config("10.0.0.1", "443", folder_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.0.0.1:443");
  EXPECT_EQ(config->token, "pod-token");
  EXPECT_EQ(config->token_file, (folder_ / "token").string());
  EXPECT_EQ(config->ca_pem, "authority");
  EXPECT_EQ(config->ns, "charter-system");
  EXPECT_EQ(in_cluster_config("fd00::1", "443", folder_)->server, "https://[fd00::1]:443");
  EXPECT_EQ(in_cluster_config("", "443", folder_).error().code, Code::NotFound);
  EXPECT_EQ(in_cluster_config("10.0.0.1", "443", folder_ / "none").error().code, Code::NotFound);
}

TEST_F(KubeconfigTest, NamesFileAndContextThatAreMissing) {
  const auto absent = read_kubeconfig(folder_ / "nowhere", "");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::NotFound);
  EXPECT_NE(absent.error().message.find("--kubeconfig"), std::string::npos);
  const auto context = read(kServer, "token: t", "other");
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().message.find("\"other\""), std::string::npos);
}

TEST_F(KubeconfigTest, SaysNothingOfTheSecretsInABrokenFile) {
  const auto config = read_kubeconfig(put("config", "users: [{token: hunter2]"), "");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message.find("hunter2"), std::string::npos);
}

TEST(KubeconfigPath, IsTheFlagThenTheEnvironmentThenTheHome) {
  EXPECT_EQ(kubeconfig_path("/a", "/b:/c", "/home"), "/a");
  EXPECT_EQ(kubeconfig_path("", "/b:/c", "/home"), "/b");
  EXPECT_EQ(kubeconfig_path("", "", "/home"), "/home/.kube/config");
}

}  // namespace
}  // namespace charter
