#include "controller/cli/manifests.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace charter {
namespace {

namespace fs = std::filesystem;

/// A folder of manifests for one test.
class ManifestsTest : public testing::Test {
 protected:
  ManifestsTest()
      : folder_(fs::temp_directory_path() /
                ("charter-manifests-" + std::to_string(getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_ / "below.yaml");
  }
  ~ManifestsTest() override { fs::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string sources() const {
    const auto manifests = read_manifests(folder_);
    if (!manifests) return "error: " + manifests.error().message;
    std::string text;
    for (const auto& manifest : *manifests)
      text += manifest.source + "=" + manifest.tree->value("a", "?") + ";";
    return text;
  }

  const fs::path folder_;
};

TEST_F(ManifestsTest, AreReadInOrderOfNameAndOnlyFromTheFolderItself) {
  put("20.yml", "a: third");
  put("10.yaml", "a: first\n---\n---\na: second\n");
  put("30.json", R"({"a": "fourth"})");
  put("README.md", "a: no manifest");
  put("below.yaml/40.yaml", "a: below");
  EXPECT_EQ(sources(),
            "10.yaml, document 1=first;10.yaml, document 2=second;20.yml=third;30.json=fourth;");
}

TEST_F(ManifestsTest, OfAListAreItsItems) {
  put("list.yaml", "{kind: List, apiVersion: v1, items: [{a: one}, {a: two}]}");
  EXPECT_EQ(sources(), "list.yaml, item 1=one;list.yaml, item 2=two;");
}

TEST_F(ManifestsTest, ThatCannotBeReadNameTheirFile) {
  EXPECT_NE(sources().find("no *.yaml"), std::string::npos);
  put("bad.yaml", "a: [1");
  EXPECT_NE(sources().find("bad.yaml"), std::string::npos);
  put("bad.yaml", "just text");
  EXPECT_NE(sources().find("bad.yaml: not a mapping"), std::string::npos);
  EXPECT_FALSE(read_manifests(folder_ / "nowhere.yaml"));
}

}  // namespace
}  // namespace charter
