#include "controller/cli/oidc_loop.h"

#include "controller/base/limits.h"
#include "controller/cli/comma_list.h"
#include "controller/cli/credentials.h"
#include "controller/runtime/https_fetch.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

Status take_required_claims(const std::string& text, OidcSettings& settings) {
  for (const std::string& pair : comma_list(text)) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{Code::Invalid, "--oidc-required-claim " + pair + ": expected CLAIM=VALUE"};
    settings.required_claims.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return {};
}

}  // namespace

std::vector<CommandFlag> oidc_flags() {
  return {
      {"oidc-issuer-url", "https URL of an OpenID Connect provider whose ID tokens are accepted",
       ""},
      {"oidc-client-id", "Client that the tokens must be meant for", ""},
      {"oidc-username-claim", "Claim that is the user's name", "sub"},
      {"oidc-username-prefix",
       "Put before user names; \"-\": nothing; default: the issuer's URL and #, nothing for the "
       "claim email",
       ""},
      {"oidc-groups-claim", "Claim that lists the user's groups", ""},
      {"oidc-groups-prefix", "Put before groups", ""},
      {"oidc-required-claim", "CLAIM=VALUE[,CLAIM=VALUE…] that a token must have", ""},
      {"oidc-signing-algs", "Accepted signature algorithms, comma-separated", "RS256"},
      {"oidc-ca-file",
       "PEM certificates that the provider's host is verified with; default: those the machine "
       "trusts",
       ""},
  };
}

Result<std::optional<OidcLogin>> oidc_login(const CommandInput& input) {
  OidcLogin login;
  OidcSettings& settings = login.settings;
  settings.issuer_url = input.flag("oidc-issuer-url");
  settings.client_id = input.flag("oidc-client-id");
  if (settings.issuer_url.empty()) {
    for (const CommandFlag& flag : oidc_flags()) {
      if (input.flag(flag.name) != flag.fallback)
        return Error{Code::Invalid, "--" + flag.name + ": needs --oidc-issuer-url as well"};
    }
    return std::optional<OidcLogin>();
  }
  settings.username_claim = input.flag("oidc-username-claim");
  settings.username_prefix = input.flag("oidc-username-prefix");
  settings.groups_claim = input.flag("oidc-groups-claim");
  settings.groups_prefix = input.flag("oidc-groups-prefix");
  settings.signing_algorithms = comma_list(input.flag("oidc-signing-algs"));
  CHARTER_TRY(take_required_claims(input.flag("oidc-required-claim"), settings));
  CHARTER_TRY(check_oidc_settings(settings));
  const std::string& ca_file = input.flag("oidc-ca-file");
  if (!ca_file.empty()) {
    auto pem = read_file(ca_file);
    if (!pem) return Error{Code::Invalid, "--oidc-ca-file " + ca_file + ": cannot read"};
    login.ca_pem = std::move(*pem);
  }
  return std::optional<OidcLogin>(std::move(login));
}

OidcLoop::OidcLoop(OidcLogin login, const Clock& clock)
    : tokens_(
          std::move(login.settings),
          [ca_pem = std::move(login.ca_pem)](const std::string& url) {
            return fetch_https(url, ca_pem, limits::kOidcTimeout);
          },
          clock) {
  tokens_.on_wanted([this] { signal_.wake(); });
  thread_ = std::thread([this] {
    while (signal_.wait(tokens_.refresh())) {
    }
  });
}

void OidcLoop::stop() {
  if (!thread_.joinable()) return;
  tokens_.stop();
  signal_.end();
  thread_.join();
}

}  // namespace charter
