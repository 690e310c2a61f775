#include "controller/store/wal_mark.h"

#include "controller/base/log.h"
#include "controller/store/checksum.h"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace charter {
namespace {

// The layout of a WAL: sqlite.org/fileformat2.html, "The Write-Ahead Log".
constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // its last bit says that checksums read big-endian words
constexpr uint32_t kPageBytesMax = 65536;

constexpr std::string_view kMarkMagic = "CHWALMK1";
constexpr size_t kMarkBytes = 8 + 4 * sizeof(uint32_t);

uint32_t big_endian(const char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

void put_big_endian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
}

/// The running checksum of a WAL.
class WalSum {
 public:
  explicit WalSum(bool big) : big_(big) {}
  /// `bytes` are a multiple of eight.
  void add(std::string_view bytes) {
    for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(bytes.data() + at) + second_;
      second_ += word(bytes.data() + at + 4) + first_;
    }
  }
  bool equals(const char* stored) const {
    return first_ == big_endian(stored) && second_ == big_endian(stored + 4);
  }

 private:
  uint32_t word(const char* at) const {
    const uint32_t value = big_endian(at);
    return big_ ? value : __builtin_bswap32(value);
  }

  const bool big_;
  uint32_t first_ = 0;
  uint32_t second_ = 0;
};

std::string encode_mark(const WalPlace& place) {
  std::string out(kMarkMagic);
  for (const uint32_t value : {place.salt1, place.salt2, place.frames})
    put_big_endian(out, value);
  put_big_endian(out, crc32c(out));
  return out;
}

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// Reads up to `size` bytes.
std::string read_some(std::istream& in, size_t size) {
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

/// A mark, or what is wrong with it. One of no frames stands for none at all.
std::optional<std::string> read_mark(const std::string& data_dir, WalPlace& place) {
  std::ifstream in(data_dir + "/charter.db-acked", std::ios::binary);
  const std::string bytes = in ? read_some(in, kMarkBytes) : std::string();
  // A power cut may leave a new file empty, or its bytes zero.
  if (is_zero(bytes)) return std::nullopt;
  const std::string_view view = bytes;
  if (view.size() == kMarkBytes && view.starts_with(kMarkMagic)) {
    place = {big_endian(&view[8]), big_endian(&view[12]), big_endian(&view[16])};
    if (encode_mark(place) == bytes) return std::nullopt;
  }
  return "charter.db-acked does not match its checksum";
}

/// Looks at the frames of a WAL whose header is good.
std::optional<std::string> frame_fault(std::istream& in, const std::string& header,
                                       const WalPlace& mark) {
  const uint32_t page_bytes = big_endian(&header[8]);
  if (page_bytes < 512 || page_bytes > kPageBytesMax) return "charter.db-wal has no page size";
  WalSum sum((big_endian(header.data()) & 1U) != 0);
  sum.add(std::string_view(header).substr(0, 24));
  const size_t frame_bytes = kFrameHeaderBytes + page_bytes;
  for (uint32_t frame = 0; frame < mark.frames; ++frame) {
    const std::string bytes = read_some(in, frame_bytes);
    const std::string_view view = bytes;
    bool good =
        view.size() == frame_bytes && view.substr(8, 8) == std::string_view(header).substr(16, 8);
    if (good) {
      sum.add(view.substr(0, 8));
      sum.add(view.substr(kFrameHeaderBytes));
      good = sum.equals(&view[16]);
    }
    if (good) continue;
    return "charter.db-wal: frame " + std::to_string(frame + 1) + " of " +
           std::to_string(mark.frames) + " that hold acknowledged writes is damaged (offset " +
           std::to_string(kHeaderBytes + frame * frame_bytes) + ")";
  }
  return std::nullopt;
}

}  // namespace

WalMark::~WalMark() {
  if (file_ >= 0) close(file_);
}

void WalMark::move_to(const WalPlace& place) {
  if (file_ < 0) file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string bytes = encode_mark(place);
  const bool written = file_ >= 0 && pwrite(file_, bytes.data(), bytes.size(), 0) ==
                                         static_cast<ssize_t>(bytes.size());
  if (!written && !warned_)
    log_warn("store", "cannot note what is acknowledged", {{"file", path_}});
  warned_ = !written;
}

std::optional<std::string> wal_fault(const std::string& data_dir) {
  WalPlace mark;
  if (auto fault = read_mark(data_dir, mark)) return fault;
  std::ifstream in(data_dir + "/charter.db-wal", std::ios::binary);
  const std::string header = in ? read_some(in, kHeaderBytes) : std::string();
  const std::string_view view = header;
  if (view.size() < kHeaderBytes || is_zero(view)) {
    if (mark.frames == 0) return std::nullopt;
    return "charter.db-wal, which holds acknowledged writes, is missing or empty";
  }
  WalSum sum((big_endian(view.data()) & 1U) != 0);
  sum.add(view.substr(0, 24));
  if ((big_endian(view.data()) & ~1U) != kMagic || !sum.equals(&view[24])) {
    return "charter.db-wal: its header is damaged";
  }
  // A mark of another generation is older: all that it vouched for is in the database.
  if (big_endian(&view[16]) != mark.salt1 || big_endian(&view[20]) != mark.salt2) {
    return std::nullopt;
  }
  return frame_fault(in, header, mark);
}

}  // namespace charter
