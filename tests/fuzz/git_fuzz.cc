#include "controller/git/git_url.h"
#include "controller/git/kustomization.h"
#include "controller/git/limits.h"
#include "controller/git/references.h"
#include "controller/git/semver.h"
#include "controller/git/tree_walk.h"
#include "controller/object/utf8.h"
#include "tests/fuzz/fuzz_input.h"

#include <string>
#include <vector>

// Whatever a repository holds, what comes out of it are plain paths and text within the bounds. An
// input is a list of objects, cut at each byte 0xfe; a tree names one by the last byte of its id.
namespace charter {
namespace {

class InputObjects final : public TreeObjects {
 public:
  explicit InputObjects(std::string_view text) {
    while (true) {
      const size_t end = text.find('\xfe');
      objects_.push_back(text.substr(0, end));
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
    }
  }
  Result<std::string> object(Kind, const std::string& id, size_t bytes_max,
                             const std::string&) override {
    CHECK(id.size() == 20);
    const auto& found = objects_[static_cast<unsigned char>(id.back()) % objects_.size()];
    if (found.size() > bytes_max)
      return Error{Code::RequestEntityTooLarge, "too large", kGitTooLarge};
    return std::string(found);
  }

 private:
  std::vector<std::string_view> objects_;
};

void check_path(const std::string& path) {
  CHECK(!path.empty() && path.front() != '/' && is_utf8(path));
  CHECK(("/" + path + "/").find("/../") == std::string::npos);
  for (const unsigned char c : path)
    CHECK(c >= ' ' && c != 0x7f);
}

void check_tree(std::string_view text) {
  InputObjects objects(text);
  const auto walked = walk_tree(objects, std::string(20, '\0'), text.size() % 2 == 0 ? "" : "a");
  if (!walked) return;
  CHECK(walked->files.size() <= limits::kGitFilesMax);
  GitTree tree;
  tree.files = walked->files;
  for (const auto& file : tree.files) {
    check_path(file.path);
    CHECK(is_utf8(file.text));
  }
  const auto manifests = manifests_of(tree);
  if (!manifests) return;
  CHECK(manifests->size() <= tree.files.size());
  for (size_t i = 1; i < manifests->size(); ++i)
    CHECK((*manifests)[i - 1].path < (*manifests)[i].path);
}

void check_kustomization(std::string_view text) {
  GitTree tree;
  tree.files = {{"a.yaml", ""},
                {"b/c.yaml", ""},
                {"b/kustomization.yaml", std::string(text)},
                {"kustomization.yaml", std::string(text)}};
  const auto manifests = manifests_of(tree);
  if (!manifests) return;
  CHECK(!manifests->empty() && manifests->size() <= 2);
}

void check_words(std::string_view text) {
  const auto url = parse_git_url(text);
  if (url) {
    // Nothing that ssh could take for an option.
    CHECK(url->host.empty() || url->host.front() != '-');
    CHECK(url->user.empty() || url->user.front() != '-');
    CHECK(url->path.front() != '-');
    CHECK(url->text().find('\n') == std::string::npos);
    const auto again = parse_git_url(url->text());
    CHECK(again && again->text() == url->text());
  }
  const auto range = SemverRange::parse(text);
  if (range) (void)range->contains(Semver{1, 2, 3, {}});
  const auto version = Semver::parse(text);
  if (version) CHECK(Semver::compare(*version, *version) == 0);
  (void)check_reference({.branch = std::string(text), .tag = {}, .semver = {}, .commit = {}});
}

}  // namespace
}  // namespace charter

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = charter::fuzz::text_of(data, size);
  charter::check_tree(text);
  charter::check_kustomization(text);
  charter::check_words(text);
  return 0;
}
