#pragma once

#include "controller/base/result.h"

#include <string>
#include <string_view>

// Where a repository is. Pure.
namespace charter {

/// A checked address: no credentials in it, no character that a shell, a log or a terminal could
/// take for something else.
struct GitUrl {
  enum class Scheme { Https, Ssh, File };
  Scheme scheme = Scheme::Https;
  std::string user;  ///< ssh only; never empty there
  std::string host;  ///< empty for files; an IPv6 address without brackets
  std::string port;  ///< "443" and "22" when none is given; empty for files
  std::string path;  ///< as the server is to see it: "/org/repo.git", for ssh also "org/repo.git"
                     ///< and "~fred/repo"

  /// The same address for libgit2, and the name of its clone: the same text for every way to write
  /// it.
  std::string text() const;
};

/// Reads https://host[:port]/path, ssh://[user@]host[:port]/path, [user@]host:path and
/// file:///path. Errors: Invalid; a user or password in an https address is one, because addresses
/// are told in status and events.
Result<GitUrl> parse_git_url(std::string_view text);

}  // namespace charter
