#include "reconcilers/machine/cloud_init.h"

#include "controller/base/base64.h"
#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

namespace charter::machine {
namespace {

constexpr std::string_view kUserData = "user-data";
constexpr std::string_view kSshKey = "ssh-key";

Result<std::string> read_key(const Json& secret, std::string_view key, const std::string& where) {
  auto bytes = decode_base64(text_at(secret, {"data", key}));
  if (bytes) return *std::move(bytes);
  return Error{Code::Invalid, where + ": " + std::string(key) + " is not base64",
               "InvalidReference"};
}

}  // namespace

Result<CloudInit> read_cloud_init(Client& client, const Machine& machine) {
  CloudInit content;
  const auto& reference = machine.spec.user_data_secret;
  if (!reference) return content;
  const std::string where = "secret " + machine.meta.ns + "/" + reference->name;
  auto encoded = client.get(kinds::secrets(), {machine.meta.ns, reference->name});
  if (!encoded) {
    Error error = std::move(encoded.error());
    if (error.code == Code::NotFound)
      return Error{Code::ServiceUnavailable, where + " does not exist", "ReferenceNotFound"};
    return error;
  }
  const Json secret = (*encoded)->tree();
  if (text_at(secret, {"data", kUserData}).empty()) {
    return Error{Code::ServiceUnavailable, where + " has no key user-data", "ReferenceNotFound"};
  }
  CHARTER_TRY_ASSIGN(content.user_data, read_key(secret, kUserData, where));
  CHARTER_TRY_ASSIGN(content.ssh_key, read_key(secret, kSshKey, where));
  return content;
}

}  // namespace charter::machine
