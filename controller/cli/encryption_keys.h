#pragma once

#include "controller/base/command.h"
#include "controller/keys/ring_sealer.h"

#include <memory>
#include <string>

// The file with the keys for encryption at rest: `--encryption-key-file`, or a file in the data
// directory that the first start makes. Keys beside the data protect copies of the store's files
// alone; whoever has the whole directory has both.
namespace charter {

/// The flag, for every command that opens a store.
CommandFlag encryption_key_flag();

/// The file that the flag names, or the one of the data directory.
std::string encryption_key_file(const std::string& data_dir, const std::string& flag);

/// Which buckets are sealed: those whose objects hold credentials.
RingSealer::Buckets sealed_buckets();

/// Reads the file. Errors: NotFound when there is none; Invalid for one that others may read, that
/// is too large or holds no keys.
Result<std::shared_ptr<const RingSealer>> load_sealer(const std::string& file);

/// The same, but makes the data directory's own file, with one key, when it is missing. A file that
/// the flag names is never made: a volume that is not mounted must not become a new key.
Result<std::shared_ptr<const RingSealer>> load_or_make_sealer(const std::string& data_dir,
                                                              const std::string& flag);

/// Replaces a key file, durably: when this returns, the power may go. Errors: InternalError.
Status replace_key_file(const std::string& file, const std::string& text);

}  // namespace charter
