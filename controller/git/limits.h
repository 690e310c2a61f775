#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound on what is read from Git repositories: its name, its value and why it has that value.
namespace charter::limits {

constexpr size_t kGitUrlBytesMax = 2048;   // what servers take
constexpr size_t kGitNameBytesMax = 255;   // a branch, a tag, a name in a tree: of file systems
constexpr size_t kGitPathBytesMax = 1024;  // of a directory inside a repository
constexpr size_t kGitRangeBytesMax = 256;  // a semver range with a dozen parts
constexpr size_t kGitReferencesMax =
    100'000;  // that one remote tells of; large ones have some 10,000
constexpr uint64_t kGitTransferBytesMax =
    uint64_t{512} << 20;  // of one call: libgit2 1.5 fetches whole histories
constexpr size_t kGitObjectsMax =
    4'000'000;  // of one pack: its index is held in memory, some 100 bytes each
constexpr uint64_t kGitCloneBytesMax = uint64_t{1} << 30;  // on disk; above, a clone begins anew
constexpr size_t kGitClonesMax = 256;      // in one cache; the one not used for longest goes first
constexpr size_t kGitDepthMax = 16;        // directories below the path
constexpr size_t kGitEntriesMax = 50'000;  // names looked at in one walk
constexpr size_t kGitTreeBytesMax = 4 << 20;    // of one directory: 100,000 short names
constexpr size_t kGitCommitBytesMax = 1 << 20;  // of a commit: its message and its signature
constexpr size_t kGitFilesMax = 5'000;          // manifests of one source
constexpr size_t kGitFileBytesMax = 3 << 20;    // the server's bound on a request's body
constexpr size_t kGitTotalBytesMax = 64
                                     << 20;   // of all manifests together: they are held in memory
constexpr size_t kGitLinkBytesMax = 4096;     // target of a symbolic link: PATH_MAX
constexpr size_t kGitShownBytesMax = 256;     // of a message and of an author in a status
constexpr size_t kGitResourcesMax = 1'000;    // that one kustomization names
constexpr size_t kGitKeyBytesMax = 64 << 10;  // one private or public key, one list of known hosts
constexpr size_t kGitSignersMax = 64;         // whose signatures are taken
constexpr std::chrono::seconds kGitTimeoutMax{900};
constexpr std::chrono::seconds kGitVerifyTimeout{20};  // gpg or ssh-keygen on one commit
constexpr size_t kGitToolOutputBytesMax = 64 << 10;    // what is kept of what a tool prints

}  // namespace charter::limits
