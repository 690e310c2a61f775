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

Identities::Identities(const std::string& data_dir, TokenParts parts, const Clock& clock)
    : accounts_(std::move(parts)),
      static_(static_token_file(data_dir), clock),
      chain_({&static_, &accounts_}) {}

Result<std::unique_ptr<Identities>> Identities::load(const std::string& data_dir, Store& store,
                                                     const Clock& clock) {
  CHARTER_TRY_ASSIGN(const std::vector<std::string> pems, load_keys(data_dir + "/pki"));
  CHARTER_TRY_ASSIGN(auto keys, SigningKeys::load(pems));
  return std::unique_ptr<Identities>(
      new Identities(data_dir, TokenParts{store, clock, std::move(keys)}, clock));
}

}  // namespace charter
