#include "controller/base/ssh_command.h"

namespace charter {

std::vector<std::string> ssh_words(const SshLogin& login, const std::string& command) {
  std::vector<std::string> words = {kSshProgram, "-F", "none", "-T",
                                    "-x",        "-a", "-i",   login.key_file};
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none",
        "UpdateHostKeys=no", "VerifyHostKeyDNS=no", "IdentitiesOnly=yes", "IdentityAgent=none",
        "PreferredAuthentications=publickey", "PermitLocalCommand=no", "ClearAllForwardings=yes",
        "ControlMaster=no", "ControlPath=none", "LogLevel=ERROR", "CheckHostIP=no",
        "ConnectTimeout=15", "ServerAliveInterval=15", "EscapeChar=none"}) {
    words.emplace_back("-o");
    words.emplace_back(option);
  }
  words.insert(words.end(), {"-o", "UserKnownHostsFile=" + login.hosts_file, "-p", login.port, "-l",
                             login.user, "--", login.host, command});
  return words;
}

std::string ssh_lines(std::string_view text) {
  std::string lines;
  for (const char c : text)
    if (c != '\r') lines += c;
  if (!lines.ends_with('\n')) lines += '\n';
  return lines;
}

}  // namespace charter
