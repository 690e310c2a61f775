#pragma once

#include <string>
#include <string_view>
#include <vector>

// How OpenSSH's ssh is run for a host that somebody named: with one key and the given known hosts,
// and nothing of this user's own: no configuration, no agent, no other key, no known hosts, no
// question, and no forwarding. Pure.
namespace charter {

inline constexpr const char* kSshProgram = "/usr/bin/ssh";

/// Whom to log in as, where, with what.
struct SshLogin {
  std::string user, host, port;
  std::string key_file, hosts_file;
};

/// The words of a command that runs `command` there, which the host's shell reads.
std::vector<std::string> ssh_words(const SshLogin& login, const std::string& command);

/// OpenSSH writes keys and hosts in lines that end in one character; forms of the web do not.
std::string ssh_lines(std::string_view text);

}  // namespace charter
