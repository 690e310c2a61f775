#include "controller/cli/identity_commands.h"

#include "controller/api/static_tokens.h"
#include "controller/base/limits.h"
#include "controller/base/random.h"
#include "controller/cli/comma_list.h"
#include "controller/cli/credentials.h"
#include "controller/cli/identities.h"
#include "controller/runtime/kubeconfig.h"

#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr unsigned kOwnerOnly = 0600;

int fail(const Error& error) {
  std::fprintf(stderr, "charter: %s\n", error.message.c_str());
  return error.code == Code::Invalid ? 2 : 1;
}

Result<Duration> read_ttl(const CommandInput& input) {
  const auto ttl = parse_duration(input.flag("ttl"));
  if (!ttl || *ttl <= Duration::zero())
    return Error{Code::Invalid, "--ttl " + input.flag("ttl") + ": expected a duration, e.g. 720h"};
  return *ttl;
}

/// Holds off other commands that change the same file.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : fd_(open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~FileLock() {
    if (fd_ >= 0) close(fd_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

Result<std::vector<StaticToken>> read_tokens(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::vector<StaticToken>{};
  return parse_static_tokens(*text);
}

Status create_token(const CommandInput& input, std::string& token) {
  const SystemClock clock;
  SystemRandom random;
  const std::string path = static_token_file(input.flag("data-dir"));
  StaticToken entry;
  entry.user = input.flag("user");
  entry.uid = input.flag("uid");
  entry.groups = comma_list(input.flag("group"));
  if (!input.flag("ttl").empty()) {
    CHARTER_TRY_ASSIGN(const Duration ttl, read_ttl(input));
    entry.expires = clock.now() + ttl;
  }
  const FileLock lock(path);
  CHARTER_TRY_ASSIGN(std::vector<StaticToken> tokens, read_tokens(path));
  token = make_static_token(entry, random);
  tokens.push_back(std::move(entry));
  const std::string text = write_static_tokens(tokens);
  // What the server would refuse to read must not be written: it would end every token.
  CHARTER_TRY(parse_static_tokens(text));
  return write_file(path, text, kOwnerOnly);
}

Status delete_token(const CommandInput& input) {
  const std::string path = static_token_file(input.flag("data-dir"));
  const FileLock lock(path);
  CHARTER_TRY_ASSIGN(std::vector<StaticToken> tokens, read_tokens(path));
  if (input.words.size() != 1)
    return Error{Code::Invalid, "expected the ID of one token, as `charter token list` shows it"};
  const size_t gone = std::erase_if(
      tokens, [&input](const StaticToken& token) { return token.id == input.words[0]; });
  if (gone == 0) return Error{Code::NotFound, "there is no token " + input.words[0]};
  return write_file(path, write_static_tokens(tokens), kOwnerOnly);
}

Status list_tokens(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(const std::vector<StaticToken> tokens,
                     read_tokens(static_token_file(input.flag("data-dir"))));
  std::printf("%-8s %-24s %-22s %s\n", "ID", "USER", "EXPIRES", "GROUPS");
  for (const StaticToken& token : tokens) {
    std::string groups;
    for (const std::string& group : token.groups)
      groups += (groups.empty() ? "" : ",") + group;
    const std::string expires = token.expires ? format_time(*token.expires) : "never";
    std::printf("%-8s %-24s %-22s %s\n", token.id.c_str(), token.user.c_str(), expires.c_str(),
                groups.c_str());
  }
  return {};
}

/// A client certificate from the server's CA, as a kubeconfig.
Result<std::string> certificate_kubeconfig(const CommandInput& input) {
  const SystemClock clock;
  const std::string stem = input.flag("data-dir") + "/pki/ca";
  const auto certificate = read_file(stem + ".crt");
  const auto key = read_file(stem + ".key");
  if (!certificate || !key)
    return Error{Code::NotFound,
                 stem + ".crt, .key: cannot read; start the server once to make them"};
  CHARTER_TRY_ASSIGN(const Duration ttl, read_ttl(input));
  LeafRequest request;
  request.use = LeafRequest::Use::Client;
  request.common_name = input.flag("user");
  request.organizations = comma_list(input.flag("group"));
  CHARTER_TRY_ASSIGN(const CertifiedKey client,
                     issue_certificate({*certificate, *key}, request, clock.now(), ttl));
  CHARTER_TRY_ASSIGN(const Kubeconfig admin,
                     read_kubeconfig(input.flag("data-dir") + "/kubeconfig", ""));
  return make_kubeconfig("charter", admin.server, admin.ca_pem, client);
}

std::vector<CommandFlag> person_flags(const char* ttl) {
  return {{"data-dir", "Data directory of the server", "", CommandFlag::Kind::Value, true},
          {"user", "Name of the user", "", CommandFlag::Kind::Value, true},
          {"group", "Groups of the user, separated by commas", ""},
          {"ttl", "How long it is valid, e.g. 720h; empty: for ever", ttl}};
}

int finish(const Status& done) {
  return done ? 0 : fail(done.error());
}

}  // namespace

std::vector<Command> identity_commands() {
  Command create{"token create",
                 "Make a bearer token for a user and print it once; the server keeps a digest",
                 "charter token create --data-dir ./data --user fred --group dev --ttl 720h",
                 person_flags(""),
                 "",
                 [](const CommandInput& input) {
                   std::string token;
                   const Status made = create_token(input, token);
                   if (made) std::printf("%s\n", token.c_str());
                   return finish(made);
                 }};
  create.flags.push_back({"uid", "Id of the user that outlives a change of name", ""});
  const CommandFlag data_dir{"data-dir", "Data directory of the server", "",
                             CommandFlag::Kind::Value, true};
  return {std::move(create),
          {"token list",
           "List tokens: whose they are and when they end",
           "charter token list --data-dir ./data",
           {data_dir},
           "",
           [](const CommandInput& input) { return finish(list_tokens(input)); }},
          {"token delete",
           "End a token",
           "charter token delete --data-dir ./data ID",
           {data_dir},
           "ID",
           [](const CommandInput& input) { return finish(delete_token(input)); }},
          {"kubeconfig", "Print a kubeconfig with a new client certificate for a user",
           "charter kubeconfig --data-dir ./data --user fred --group dev > fred.kubeconfig",
           person_flags("8760h"), "", [](const CommandInput& input) {
             const auto text = certificate_kubeconfig(input);
             if (text) std::fputs(text->c_str(), stdout);
             return text ? 0 : fail(text.error());
           }}};
}

}  // namespace charter
