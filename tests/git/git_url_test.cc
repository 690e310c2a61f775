#include "controller/git/git_url.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

TEST(GitUrl, Every_form_has_one_text) {
  const auto text = [](const char* url) {
    const auto parsed = parse_git_url(url);
    return parsed ? parsed->text() : parsed.error().message;
  };
  EXPECT_EQ(text("https://example.org/a/b.git"), "https://example.org/a/b.git");
  EXPECT_EQ(text("https://example.org:443/a"), "https://example.org/a");
  EXPECT_EQ(text("https://[::1]:8443/a"), "https://[::1]:8443/a");
  EXPECT_EQ(text("ssh://git@example.org/a"), "ssh://git@example.org:22/a");
  EXPECT_EQ(text("ssh://example.org:2222/a"), "ssh://git@example.org:2222/a");
  EXPECT_EQ(text("git@example.org:a/b.git"), "ssh://git@example.org:22/./a/b.git");
  EXPECT_EQ(text("file:///srv/r/"), "file:///srv/r");
}

TEST(GitUrl, Ssh_paths_are_what_the_shell_of_the_remote_sees) {
  EXPECT_EQ(parse_git_url("git@h:a/b.git")->path, "a/b.git");
  EXPECT_EQ(parse_git_url("git@h:/a/b.git")->path, "/a/b.git");
  EXPECT_EQ(parse_git_url("ssh://h/~fred/r")->path, "~fred/r");
  EXPECT_EQ(parse_git_url("ssh://h/a")->user, "git");
}

TEST(GitUrl, What_could_mean_something_else_is_refused) {
  for (const char* url : {"",
                          "http://example.org/a",
                          "git://example.org/a",
                          "ext::sh -c x",
                          "https://example.org",
                          "https://example.org/",
                          "https://fred@example.org/a",
                          "https://fred:secret@example.org/a",
                          "https://example.org/a?x",
                          "https://example.org/a b",
                          "https://example.org/a\nb",
                          "https://exa$mple.org/a",
                          "https://example.org:0/a",
                          "https://example.org:99999/a",
                          "https://example.org:/a",
                          "https://::1/a",
                          "https://[::1/a",
                          "ssh://-oProxyCommand=x/a",
                          "ssh://-lx@h/a",
                          "-oProxyCommand=x:a",
                          "git@h:-x",
                          "git@h:",
                          "file://host/a",
                          "file://a",
                          "/srv/r",
                          "r",
                          "ssh://h/a'b",
                          "ssh://h/a`b",
                          "https://h/\xc3\xa4"}) {
    const auto parsed = parse_git_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, Code::Invalid) << url;
  }
  EXPECT_EQ(parse_git_url("https://fred:secret@h/a").error().message.find("secret"),
            std::string::npos);
}

}  // namespace
}  // namespace charter
