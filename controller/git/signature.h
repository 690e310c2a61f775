#pragma once

#include "controller/base/clock.h"
#include "controller/git/git_reader.h"

#include <string>
#include <string_view>
#include <vector>

// Whether a commit was signed by somebody whose signature counts. GnuPG and OpenSSH judge, each in
// a process of its own that sees nothing but the signers' public keys: no keyring, trust or agent
// of this user, no network.
namespace charter {

/// Checks keys for their form. Errors (Invalid), with the field `verify`.
Status check_signers(const std::vector<GitSigner>& signers);

/// Verifies `signature` (armored OpenPGP, or an SSH signature) over `signed_bytes`. Returns the
/// name of the signer. `deadline`: of SystemClock::monotonic. Errors (Forbidden, kGitNotSigned): it
/// is somebody else's, wrong, or by a key that has expired or was revoked; ServiceUnavailable: the
/// tool is missing.
Result<std::string> verify_signature(const std::vector<GitSigner>& signers,
                                     std::string_view signature, std::string_view signed_bytes,
                                     Duration deadline);

}  // namespace charter
