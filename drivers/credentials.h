#pragma once

#include <map>
#include <string>

// What a driver logs in with, and the reasons of errors that say why it cannot. All of them are
// errors of code ServiceUnavailable: what is wrong is mended at the endpoint or in the Secret, and
// nothing that runs is touched meanwhile.
namespace charter {

/// The values of the Provider's Secret by key. They are shown to nobody: no log, no error.
using Credentials = std::map<std::string, std::string>;

/// The endpoint is not who it should be: its certificate or host key is not what we trust.
inline constexpr const char* kHostNotTrusted = "HostNotTrusted";
/// The endpoint does not accept what we show it.
inline constexpr const char* kCredentialsRefused = "CredentialsRefused";
/// The endpoint knows who we are and lets us do nothing.
inline constexpr const char* kNotAllowed = "Denied";
/// The Secret does not hold what it must, or in a form that cannot be used.
inline constexpr const char* kInvalidCredentials = "InvalidCredentials";
/// There is no such Secret.
inline constexpr const char* kNoCredentials = "ReferenceNotFound";

}  // namespace charter
