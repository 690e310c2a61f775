#include "controller/cli/identities.h"

#include "controller/cli/credentials.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace charter {
namespace {

constexpr unsigned kOwnerOnly = 0600;
constexpr std::string_view kKeyPrefix = "service-account";

/// Key files, the newest by name first: "service-account-2.key" comes before "service-account.key".
std::vector<std::string> key_files(const std::string& pki) {
  std::vector<std::string> out;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(pki, failed)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".key" && name.starts_with(kKeyPrefix)) out.push_back(name);
  }
  std::sort(out.rbegin(), out.rend());
  for (std::string& name : out)
    name = pki + "/" + name + ".key";
  return out;
}

Result<std::vector<std::string>> load_keys(const std::string& pki) {
  std::error_code failed;
  std::filesystem::create_directories(pki, failed);
  std::vector<std::string> files = key_files(pki);
  if (files.empty()) {
    CHARTER_TRY_ASSIGN(const std::string key, make_signing_key());
    files.push_back(pki + "/" + std::string(kKeyPrefix) + ".key");
    CHARTER_TRY(write_file(files.front(), key, kOwnerOnly));
  }
  std::vector<std::string> keys;
  for (const std::string& file : files) {
    auto text = read_file(file);
    if (!text) return Error{Code::InternalError, file + ": cannot read"};
    keys.push_back(std::move(*text));
  }
  return keys;
}

}  // namespace

std::string static_token_file(const std::string& data_dir) {
  return data_dir + "/tokens.json";
}

std::vector<CommandFlag> identity_flags() {
  std::vector<CommandFlag> flags = oidc_flags();
  flags.insert(flags.begin(),
               {"service-account-issuer",
                "https URL that ServiceAccounts' tokens name as their issuer, with keys at "
                "URL/openid/v1/jwks; default: the cluster's own name"});
  return flags;
}

Result<IdentityOptions> identity_options(const CommandInput& input) {
  IdentityOptions out;
  out.issuer = input.flag("service-account-issuer");
  if (!out.issuer.empty() && (!out.issuer.starts_with("https://") || out.issuer.ends_with('/')))
    return Error{Code::Invalid,
                 "--service-account-issuer " + out.issuer +
                     ": expected a URL that begins with https:// and ends without /"};
  CHARTER_TRY_ASSIGN(out.oidc, oidc_login(input));
  return out;
}

Identities::Identities(const std::string& data_dir, TokenParts parts, const Clock& clock,
                       std::unique_ptr<OidcLoop> oidc)
    : accounts_(parts),
      static_(static_token_file(data_dir), clock),
      bootstrap_(parts.store, clock),
      oidc_(std::move(oidc)),
      chain_(all()) {}

std::vector<const TokenVerifier*> Identities::all() const {
  std::vector<const TokenVerifier*> out = {&static_, &accounts_, &bootstrap_};
  if (oidc_) out.push_back(&oidc_->tokens());
  return out;
}

Identities::~Identities() = default;

void Identities::stop() {
  if (oidc_) oidc_->stop();
}

Result<std::unique_ptr<Identities>> Identities::load(const std::string& data_dir, Store& store,
                                                     const Clock& clock, IdentityOptions options) {
  CHARTER_TRY_ASSIGN(const std::vector<std::string> pems, load_keys(data_dir + "/pki"));
  CHARTER_TRY_ASSIGN(auto keys, SigningKeys::load(pems));
  TokenParts parts{store, clock, std::move(keys)};
  if (!options.issuer.empty()) parts.issuer = options.issuer;
  std::unique_ptr<OidcLoop> oidc;
  if (options.oidc) oidc = std::make_unique<OidcLoop>(std::move(*options.oidc), clock);
  return std::unique_ptr<Identities>(
      new Identities(data_dir, std::move(parts), clock, std::move(oidc)));
}

}  // namespace charter
