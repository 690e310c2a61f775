#include "controller/git/signature.h"

#include "controller/git/child_process.h"
#include "controller/git/limits.h"
#include "controller/base/scratch_folder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

namespace charter {
namespace {

constexpr std::string_view kPgpKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::string_view kPgpSignature = "-----BEGIN PGP SIGNATURE-----";
constexpr std::string_view kSshSignature = "-----BEGIN SSH SIGNATURE-----";

Error refused(const std::string& message) {
  return Error{Code::Forbidden, message, kGitNotSigned};
}

Error no_room() {
  return Error{Code::ServiceUnavailable, "there is no room to verify a signature in", kGitFailed};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ')
    text.remove_prefix(1);
  return text;
}

bool is_pgp(const GitSigner& signer) {
  return trim(signer.public_key).starts_with(kPgpKey);
}

/// "ssh-ed25519 AAAA…" of a public key's line, without its comment. Nothing: it is none.
std::optional<std::string> ssh_key(const GitSigner& signer) {
  std::istringstream words(signer.public_key);
  std::string type, key;
  words >> type >> key;
  const bool known = type == "ssh-ed25519" || type == "ssh-rsa" ||
                     type.starts_with("ecdsa-sha2-") || type.starts_with("sk-");
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+/=@.-").find(c) != std::string_view::npos;
  };
  if (!known || key.size() < 32 || !std::all_of(type.begin(), type.end(), plain) ||
      !std::all_of(key.begin(), key.end(), plain))
    return std::nullopt;
  return type + " " + key;
}

std::vector<std::string> gpg(const ScratchFolder& home, std::initializer_list<std::string> more) {
  std::vector<std::string> words = {"/usr/bin/gpg", "--homedir", home.path().string()};
  for (const char* word : {"--no-options", "--batch", "--no-tty", "--quiet", "--no-autostart",
                           "--lock-never", "--no-auto-key-retrieve", "--no-auto-key-import",
                           "--disable-dirmngr", "--trust-model", "always", "--status-fd", "1"})
    words.emplace_back(word);
  words.insert(words.end(), more);
  return words;
}

/// The words after "[GNUPG:] KEYWORD " of each such line.
std::vector<std::vector<std::string>> status_lines(const std::string& output,
                                                   const std::string& keyword) {
  std::vector<std::vector<std::string>> found;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, word;
    if (!(words >> mark >> word) || mark != "[GNUPG:]" || word != keyword) continue;
    auto& rest = found.emplace_back();
    while (words >> word)
      rest.push_back(word);
  }
  return found;
}

/// Imports every OpenPGP key; returns the signers' names by the fingerprint of their primary key.
Result<std::map<std::string, std::string>> import_keys(const ScratchFolder& home,
                                                       const std::vector<GitSigner>& signers,
                                                       Duration deadline) {
  std::map<std::string, std::string> names;
  for (const auto& signer : signers) {
    if (!is_pgp(signer)) continue;
    CHARTER_TRY_ASSIGN(const auto done,
                       run_tool(gpg(home, {"--import"}), signer.public_key, deadline));
    const auto imported = status_lines(done.output, "IMPORT_OK");
    if (imported.empty())
      return Error{Code::Invalid, "verify: the key of " + signer.name + " is no OpenPGP key",
                   kGitInvalid};
    for (const auto& words : imported)
      if (words.size() >= 2) names[words[1]] = signer.name;
  }
  return names;
}

Result<std::string> verify_pgp(const std::vector<GitSigner>& signers, std::string_view signature,
                               std::string_view bytes, Duration deadline) {
  const ScratchFolder home{"git"};
  if (home.path().empty() || !home.write("signature.asc", signature)) return no_room();
  CHARTER_TRY_ASSIGN(const auto names, import_keys(home, signers, deadline));
  if (names.empty()) return refused("is signed with OpenPGP, and no OpenPGP key is accepted");
  CHARTER_TRY_ASSIGN(
      const auto done,
      run_tool(gpg(home, {"--verify", (home.path() / "signature.asc").string(), "-"}), bytes,
               deadline));
  if (!status_lines(done.output, "EXPKEYSIG").empty() ||
      !status_lines(done.output, "EXPSIG").empty())
    return refused("is signed by a key, or with a signature, that has expired");
  if (!status_lines(done.output, "REVKEYSIG").empty())
    return refused("is signed by a key that was revoked");
  if (!status_lines(done.output, "BADSIG").empty()) return refused("has a wrong signature");
  const auto valid = status_lines(done.output, "VALIDSIG");
  if (done.exit_code != 0 || valid.size() != 1 || status_lines(done.output, "GOODSIG").size() != 1)
    return refused("is signed by nobody whose signature counts");
  // The last word is the primary key's fingerprint, also where a subkey has signed.
  const auto name = names.find(valid.front().back());
  if (name == names.end()) return refused("is signed by nobody whose signature counts");
  return name->second;
}

Result<std::string> verify_ssh(const std::vector<GitSigner>& signers, std::string_view signature,
                               std::string_view bytes, Duration deadline) {
  const ScratchFolder folder{"git"};
  std::string allowed;
  for (size_t i = 0; i < signers.size(); ++i) {
    const auto key = is_pgp(signers[i]) ? std::nullopt : ssh_key(signers[i]);
    // Numbers instead of names, which may hold anything.
    if (key) allowed += std::to_string(i) + " namespaces=\"git\" " + *key + "\n";
  }
  if (allowed.empty()) return refused("is signed with SSH, and no SSH key is accepted");
  if (folder.path().empty() || !folder.write("signature", signature) ||
      !folder.write("allowed", allowed))
    return no_room();
  const std::string signature_file = (folder.path() / "signature").string();
  const std::string allowed_file = (folder.path() / "allowed").string();
  CHARTER_TRY_ASSIGN(const auto found, run_tool({"/usr/bin/ssh-keygen", "-Y", "find-principals",
                                                 "-s", signature_file, "-f", allowed_file},
                                                {}, deadline));
  const std::string number = found.output.substr(0, found.output.find('\n'));
  const bool known =
      found.exit_code == 0 && !number.empty() && number.size() <= 3 &&
      std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
      static_cast<size_t>(std::stoi(number)) < signers.size();
  if (!known) return refused("is signed by nobody whose signature counts");
  CHARTER_TRY_ASSIGN(const auto done,
                     run_tool({"/usr/bin/ssh-keygen", "-Y", "verify", "-f", allowed_file, "-I",
                               number, "-n", "git", "-s", signature_file},
                              bytes, deadline));
  if (done.exit_code != 0) return refused("has a wrong signature");
  return signers[static_cast<size_t>(std::stoi(number))].name;
}

}  // namespace

Status check_signers(const std::vector<GitSigner>& signers) {
  if (signers.size() > limits::kGitSignersMax)
    return Error{Code::Invalid,
                 "verify: more than " + std::to_string(limits::kGitSignersMax) + " keys",
                 kGitInvalid};
  for (const auto& signer : signers) {
    if (signer.public_key.size() > limits::kGitKeyBytesMax)
      return Error{Code::Invalid, "verify: the key of " + signer.name + " is too long",
                   kGitInvalid};
    if (!is_pgp(signer) && !ssh_key(signer))
      return Error{Code::Invalid,
                   "verify: the key of " + signer.name +
                       " is neither an armored OpenPGP public key nor an SSH public key",
                   kGitInvalid};
  }
  return {};
}

Result<std::string> verify_signature(const std::vector<GitSigner>& signers,
                                     std::string_view signature, std::string_view signed_bytes,
                                     Duration deadline) {
  const auto head = trim(signature);
  if (head.starts_with(kSshSignature))
    return verify_ssh(signers, signature, signed_bytes, deadline);
  if (head.starts_with(kPgpSignature))
    return verify_pgp(signers, signature, signed_bytes, deadline);
  return refused("is signed in a form that is neither OpenPGP nor SSH");
}

}  // namespace charter
