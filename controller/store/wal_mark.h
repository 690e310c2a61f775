#pragma once

#include <cstdint>
#include <optional>
#include <string>

// How far into the WAL writes were acknowledged. SQLite takes the first frame whose checksum does
// not match for the end of its log, which is right for what a crash tore and nobody was told of,
// and wrong for a bit that flipped in a frame that was acknowledged: from there on it would all
// vanish without a word.
//
// So `charter.db-acked` names the WAL's generation (its two salts) and the number of its frames
// that were synced. It is written after the sync and before the acknowledgement, and never synced
// itself: a kill loses nothing of it, and after a power cut it is an older mark of the same WAL, or
// of one that has been copied into the database, which asks for less but never for what was not
// there. One write of one sector, it is not torn.
namespace charter {

/// A place in a WAL.
struct WalPlace {
  uint32_t salt1 = 0;
  uint32_t salt2 = 0;
  uint32_t frames = 0;
  bool operator==(const WalPlace&) const = default;
};

/// The mark as its writer sees it. Thread contract: one thread at a time.
class WalMark {
 public:
  explicit WalMark(const std::string& data_dir) : path_(data_dir + "/charter.db-acked") {}
  ~WalMark();
  WalMark(const WalMark&) = delete;
  WalMark& operator=(const WalMark&) = delete;

  /// Moves the mark. A mark that cannot be written stays where it was, which is safe.
  void move_to(const WalPlace& place);

 private:
  const std::string path_;
  int file_ = -1;
  bool warned_ = false;
};

/// What is wrong with a directory's WAL; nothing when every frame up to the mark is there and
/// matches its checksum. Changes nothing. To be asked before SQLite opens the file and overwrites
/// what it does not believe.
std::optional<std::string> wal_fault(const std::string& data_dir);

}  // namespace charter
