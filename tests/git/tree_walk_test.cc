#include "controller/git/tree_walk.h"

#include "controller/git/limits.h"

#include <gtest/gtest.h>

#include <map>

namespace charter {
namespace {

/// Objects in memory; an id is the object's number, as 20 bytes.
class MemoryObjects final : public TreeObjects {
 public:
  std::string add(std::string bytes) {
    std::string id(20, '\0');
    const size_t number = objects_.size();
    id[18] = static_cast<char>(number / 256);
    id[19] = static_cast<char>(number % 256);
    objects_[id] = std::move(bytes);
    return id;
  }
  /// `lines`: mode, name, id.
  std::string tree(const std::vector<std::tuple<std::string, std::string, std::string>>& lines) {
    std::string raw;
    for (const auto& [mode, name, id] : lines)
      raw += mode + " " + name + std::string(1, '\0') + id;
    return add(raw);
  }
  Result<std::string> object(Kind, const std::string& id, size_t bytes_max,
                             const std::string& shown) override {
    const auto found = objects_.find(id);
    if (found == objects_.end()) return Error{Code::InternalError, "missing", kGitFailed};
    if (found->second.size() > bytes_max)
      return Error{Code::RequestEntityTooLarge, shown + ": too large", kGitTooLarge};
    ++reads;
    return found->second;
  }
  size_t reads = 0;

 private:
  std::map<std::string, std::string> objects_;
};

std::string walked(MemoryObjects& objects, const std::string& root, const std::string& path = "") {
  const auto found = walk_tree(objects, root, path);
  if (!found) return found.error().reason + ": " + found.error().message;
  if (!found->path_exists) return "nothing";
  std::string text;
  for (const auto& file : found->files)
    text += file.path + " ";
  return text;
}

class TreeWalk : public testing::Test {
 protected:
  MemoryObjects objects;
  const std::string text = objects.add("a: 1\n");
};

TEST_F(TreeWalk, Manifests_below_the_path_are_found_and_nothing_else) {
  const auto deep = objects.tree({{"100644", "z.yml", text}, {"100755", "a.json", text}});
  const auto hidden = objects.tree({{"100644", "ci.yaml", text}});
  const auto app = objects.tree({{"100644", "Kustomization", text},
                                 {"100644", "README.md", text},
                                 {"100644", ".hidden.yaml", text},
                                 {"40000", ".github", hidden},
                                 {"40000", "sub", deep},
                                 {"100644", "x.yaml", text}});
  const auto root = objects.tree({{"40000", "app", app}, {"100644", "other.yaml", text}});
  EXPECT_EQ(walked(objects, root, "app"), "Kustomization sub/a.json sub/z.yml x.yaml ");
  EXPECT_EQ(walked(objects, root, "app/sub/"), "a.json z.yml ");
  EXPECT_EQ(walked(objects, root, "other.yaml"), "other.yaml ");
  EXPECT_EQ(walked(objects, root, "app/.github"), "ci.yaml ");
  EXPECT_EQ(walked(objects, root, "none"), "nothing");
  EXPECT_EQ(walked(objects, root, "other.yaml/x"), "nothing");
  EXPECT_EQ(walked(objects, objects.tree({})), "");
}

TEST_F(TreeWalk, Hostile_names_are_refused) {
  for (const std::string name :
       {"..", ".", "", ".git", ".GIT", ".gIt", "a\nb.yaml", "\x1b[2J", "a\x7f", "\xff.yaml"}) {
    const auto root = objects.tree({{"100644", name, text}});
    EXPECT_TRUE(walked(objects, root).starts_with("TreeRefused: "))
        << name << ": " << walked(objects, root);
  }
  const auto slash = objects.tree({{"100644", "a/b.yaml", text}});
  EXPECT_EQ(walked(objects, slash), "TreeRefused: /: a / in a name is refused");
  const auto twice = objects.tree({{"100644", "a.yaml", text}, {"100644", "a.yaml", text}});
  EXPECT_EQ(walked(objects, twice), "TreeRefused: /: a.yaml: is there twice");
  const auto longer = objects.tree({{"100644", std::string(256, 'a'), text}});
  EXPECT_TRUE(walked(objects, longer).starts_with("TreeRefused"));
}

TEST_F(TreeWalk, What_is_no_tree_object_is_refused) {
  for (const std::string raw : {"x", "100644 a", "100644", "100648 a\0aaaaaaaaaaaaaaaaaaaa",
                                "1006440 aaaaaaaaaaaaaaaaaaaaaaaa"}) {
    const auto root = objects.add(raw);
    EXPECT_TRUE(walked(objects, root).starts_with("TreeRefused")) << raw;
  }
  EXPECT_TRUE(walked(objects, objects.tree({{"010644", "fifo", text}})).starts_with("TreeRefused"));
}

TEST_F(TreeWalk, Links_are_never_followed_and_those_that_stand_for_manifests_are_refused) {
  const auto folder = objects.tree({{"100644", "a.yaml", text}});
  const auto link = [&](const std::string& name, const std::string& target) {
    const auto app = objects.tree({{"120000", name, objects.add(target)}});
    const auto root = objects.tree({{"40000", "app", app},
                                    {"40000", "base", folder},
                                    {"100644", "LICENSE", text},
                                    {"120000", "way", objects.add("base")}});
    return walked(objects, root, "app");
  };
  const std::string refused = "a symbolic link to manifests; links are not followed";
  EXPECT_EQ(link("a.yaml", "../LICENSE"), "TreeRefused: a.yaml: " + refused);
  EXPECT_EQ(link("a.yaml", "/etc/passwd"), "TreeRefused: a.yaml: " + refused);
  EXPECT_EQ(link("more", "../base"), "TreeRefused: more: " + refused);
  EXPECT_EQ(link("more", "../app/./../base/"), "TreeRefused: more: " + refused);
  EXPECT_EQ(link("more", "../way/x"), "TreeRefused: more: " + refused);
  EXPECT_EQ(link("more", ".."), "TreeRefused: more: " + refused);
  EXPECT_EQ(link("LICENSE", "../LICENSE"), "");
  EXPECT_EQ(link("out", "../../../../etc"), "");
  EXPECT_EQ(link("out", "/etc"), "");
  EXPECT_EQ(link("dangling", "nowhere"), "");
  EXPECT_TRUE(link("long", std::string(limits::kGitLinkBytesMax + 1, 'a')).starts_with("TooLarge"));
  const auto root =
      objects.tree({{"120000", "app", objects.add("base")}, {"40000", "base", folder}});
  EXPECT_TRUE(walked(objects, root, "app").starts_with("TreeRefused"));
  EXPECT_TRUE(walked(objects, root, "app/a.yaml").starts_with("TreeRefused"));
}

TEST_F(TreeWalk, A_submodule_is_refused) {
  const auto root = objects.tree({{"160000", "vendor", std::string(20, 'x')}});
  EXPECT_EQ(walked(objects, root),
            "TreeRefused: vendor: a submodule; its manifests would not be read");
  EXPECT_TRUE(walked(objects, root, "vendor/x").starts_with("TreeRefused"));
}

TEST_F(TreeWalk, Every_bound_is_refused_and_not_cut_off) {
  auto nested = objects.tree({{"100644", "a.yaml", text}});
  for (size_t i = 0; i < limits::kGitDepthMax; ++i)
    nested = objects.tree({{"40000", "d", nested}});
  EXPECT_NE(walked(objects, nested), "");
  EXPECT_FALSE(walked(objects, nested).starts_with("TooLarge"));
  EXPECT_TRUE(walked(objects, objects.tree({{"40000", "d", nested}})).starts_with("TooLarge"));

  const auto big = objects.add(std::string(limits::kGitFileBytesMax + 1, 'a'));
  EXPECT_TRUE(walked(objects, objects.tree({{"100644", "big.yaml", big}}))
                  .starts_with("TooLarge: big.yaml"));
  EXPECT_EQ(walked(objects, objects.tree({{"100644", "big.bin", big}})), "");

  std::vector<std::tuple<std::string, std::string, std::string>> lines;
  for (size_t i = 0; i <= limits::kGitFilesMax; ++i)
    lines.emplace_back("100644", std::to_string(i) + ".yaml", text);
  EXPECT_EQ(walked(objects, objects.tree(lines)), "TooLarge: manifests: the limit is 5000");

  const auto full = objects.add(std::string(limits::kGitFileBytesMax, 'a'));
  lines.clear();
  for (size_t i = 0; i <= limits::kGitTotalBytesMax / limits::kGitFileBytesMax; ++i)
    lines.emplace_back("100644", std::to_string(i) + ".yaml", full);
  EXPECT_TRUE(walked(objects, objects.tree(lines)).starts_with("TooLarge: bytes of all manifests"));
}

TEST_F(TreeWalk, A_tree_that_unfolds_to_more_than_its_bytes_ends) {
  auto bomb = objects.tree({{"100644", "a", text}});
  for (size_t i = 0; i < limits::kGitDepthMax - 1; ++i) {
    std::vector<std::tuple<std::string, std::string, std::string>> lines;
    for (char c = 'a'; c < 'k'; ++c)
      lines.emplace_back("40000", std::string(1, c), bomb);
    bomb = objects.tree(lines);
  }
  EXPECT_EQ(walked(objects, bomb), "TooLarge: names in the tree: the limit is 50000");
  EXPECT_LE(objects.reads, limits::kGitEntriesMax);
}

TEST_F(TreeWalk, Text_that_is_not_UTF8_is_refused) {
  const auto root = objects.tree({{"100644", "a.yaml", objects.add("a: \xff")}});
  EXPECT_EQ(walked(objects, root), "TreeRefused: a.yaml: not UTF-8");
}

TEST_F(TreeWalk, Paths_that_lead_elsewhere_are_refused) {
  const auto root = objects.tree({});
  for (const std::string path : {"/a", "..", "a/../b", "./a", ".git", "a/.GIT/b", "a\nb", "a\x01"})
    EXPECT_TRUE(walked(objects, root, path).starts_with("RequestInvalid")) << path;
  EXPECT_TRUE(walked(objects, root, std::string(limits::kGitPathBytesMax + 1, 'a'))
                  .starts_with("RequestInvalid"));
}

}  // namespace
}  // namespace charter
