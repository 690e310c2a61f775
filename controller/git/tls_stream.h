#pragma once

// How libgit2 speaks TLS in this program: OpenSSL, with the trust and the deadline of the call
// (Wire::current), in place of the library's own stream, which knows one trust for the whole
// process and no deadline.
namespace charter {

/// Makes it libgit2's, for the life of the process; plain sockets are refused. Call it once, after
/// git_libgit2_init. Returns 0, or libgit2's error.
int register_tls_stream();

}  // namespace charter
