#include "controller/api/audit_verify.h"

#include "controller/api/audit_file.h"
#include "controller/api/audit_line_reader.h"
#include "controller/base/limits.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr int kListAttempts = 20;
constexpr uint64_t kProgressLines = 4'096;

std::string range_text(uint64_t from, uint64_t to) {
  if (from == to) return "record " + std::to_string(from);
  return "records " + std::to_string(from) + " to " + std::to_string(to);
}

/// One open file and where it belongs.
struct OpenFile {
  AuditLineReader reader;
  uint64_t first_sequence;  // of its first sealed line; the largest number when it has none
  uint64_t bytes;
};

/// A line that was read ahead.
struct Ahead {
  std::string text;
  bool terminated = false;
  bool present = false;
};

/// Walks over all lines in order.
class ChainWalk {
 public:
  ChainWalk(const AuditVerifyOptions& options, AuditVerified& out) : options_(options), out_(out) {}

  void begin(uint64_t first_sequence);
  void line(const std::string& file, uint64_t number, const Ahead& here, const Ahead& next);
  void torn(const std::string& file, uint64_t number, std::string_view text, bool newest);
  void end(const std::string& file);

 private:
  void add(AuditFinding::Kind kind, const std::string& file, uint64_t line, uint64_t sequence,
           std::string what);
  void step(const std::string& file, uint64_t number, const ChainSeal& seal, uint64_t sequence);
  void compare(const std::string& file, uint64_t number, const ChainPoint& wanted,
               const char* source);

  const AuditVerifyOptions& options_;
  AuditVerified& out_;
  ChainPoint last_;
  std::string otherwise_;  // what the last digest would have to be, where it is another
  bool joined_ = false;    // last_ is known, so the next digest can be checked
  bool known_seen_ = false;
  uint64_t earlier_ = 0;  // records before the beginning that the head file names
};

void ChainWalk::add(AuditFinding::Kind kind, const std::string& file, uint64_t line,
                    uint64_t sequence, std::string what) {
  if (kind == AuditFinding::Kind::Fault) ++out_.faults;
  if (out_.findings.size() < limits::kAuditFindingsMax)
    out_.findings.push_back({kind, file, line, sequence, std::move(what)});
}

void ChainWalk::begin(uint64_t first_sequence) {
  joined_ = true;
  if (options_.head) {
    last_ = options_.head->first;
  } else if (first_sequence > 1) {
    last_.sequence = first_sequence - 1;
    joined_ = false;
    add(AuditFinding::Kind::Note, options_.log_path, 0, 0,
        "the log begins with record " + std::to_string(first_sequence) +
            "; without a head file nobody can tell whether earlier ones should be here");
  }
}

/// A line whose seal reads `sequence` where the next one is expected.
void ChainWalk::step(const std::string& file, uint64_t number, const ChainSeal& seal,
                     uint64_t sequence) {
  const std::string wanted = chain_digest(last_.digest, seal.covered);
  const bool fits = wanted == seal.digest ||
                    (!otherwise_.empty() && chain_digest(otherwise_, seal.covered) == seal.digest);
  if (joined_ && !fits)
    add(AuditFinding::Kind::Fault, file, number, sequence,
        "the line is not the one that was written: its digest does not fit");
  // The next line was made from what stood here: either this digest, or the one that should.
  otherwise_ = joined_ && !fits ? wanted : "";
  last_ = {sequence, std::string(seal.digest)};
  joined_ = true;
  if (options_.head) compare(file, number, options_.head->last, "the head file");
  if (options_.known) {
    known_seen_ = known_seen_ || options_.known->sequence == sequence;
    compare(file, number, *options_.known, "the noted point");
  }
}

void ChainWalk::compare(const std::string& file, uint64_t number, const ChainPoint& wanted,
                        const char* source) {
  if (wanted.sequence != last_.sequence || wanted.digest == last_.digest) return;
  add(AuditFinding::Kind::Fault, file, number, last_.sequence,
      std::string("the digest is not that of ") + source + ": the chain was made anew");
}

void ChainWalk::line(const std::string& file, uint64_t number, const Ahead& here,
                     const Ahead& next) {
  const auto seal = read_seal(here.text);
  if (!seal) {
    return add(AuditFinding::Kind::Fault, file, number, 0,
               "the line is no sealed event: changed, or put in");
  }
  ++out_.records;
  const uint64_t expected = last_.sequence + 1;
  if (seal->sequence == expected) return step(file, number, *seal, expected);
  // Left over where a removal was cut off by a crash: before all that is kept.
  if (options_.head && seal->sequence <= options_.head->first.sequence &&
      last_ == options_.head->first) {
    ++earlier_;
    return;
  }
  const auto following = next.present ? read_seal(next.text) : std::nullopt;
  if (following && following->sequence == expected + 1) {
    // Only this line's number is wrong: its place is between its neighbours.
    return step(file, number, *seal, expected);
  }
  if (seal->sequence < expected) {
    return add(AuditFinding::Kind::Fault, file, number, seal->sequence,
               "the line is in the wrong place: after record " + std::to_string(last_.sequence));
  }
  add(AuditFinding::Kind::Fault, file, number, seal->sequence,
      range_text(expected, seal->sequence - 1) + " missing before this line");
  joined_ = false;
  step(file, number, *seal, seal->sequence);
}

void ChainWalk::torn(const std::string& file, uint64_t number, std::string_view text, bool newest) {
  // A whole seal cannot be the beginning of a line: its newline was changed or cut.
  const bool whole = text.find("\"}}") != std::string_view::npos &&
                     (read_seal(text) || read_seal(text.substr(0, text.size() - 1)));
  if (!newest || whole) {
    return add(AuditFinding::Kind::Fault, file, number, 0,
               "the last line is not complete: its end was changed or cut off");
  }
  add(AuditFinding::Kind::Note, file, number, 0,
      "the last line is torn (" + std::to_string(text.size()) +
          " bytes): a crash while it was written, or it is being written now; the next start says "
          "so");
}

void ChainWalk::end(const std::string& file) {
  out_.last = last_;
  if (earlier_ > 0)
    add(AuditFinding::Kind::Note, file, 0, 0,
        std::to_string(earlier_) +
            " records before the chain's beginning in the head file were not looked at (of a log "
            "that was moved, or of a "
            "file that was being removed)");
  if (options_.head && options_.head->last.sequence > last_.sequence)
    add(AuditFinding::Kind::Fault, file, 0, 0,
        range_text(last_.sequence + 1, options_.head->last.sequence) +
            " missing at the end: the head file says that they were on the disk");
  if (options_.known && !known_seen_)
    add(AuditFinding::Kind::Fault, file, 0, options_.known->sequence,
        "the noted point is not in the log");
}

Result<OpenFile> open_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return audit_file_error(path, "cannot open", errno);
  struct stat found = {};
  (void)fstat(fd, &found);
  // A second descriptor: the first line is read twice.
  const int again = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  AuditLineReader probe(again, path);
  AuditLineReader::Line first;
  OpenFile out{AuditLineReader(fd, path), UINT64_MAX, static_cast<uint64_t>(found.st_size)};
  while (true) {
    CHARTER_TRY_ASSIGN(const bool more, probe.next(first));
    if (!more) break;
    if (const auto seal = read_seal(first.text)) {
      out.first_sequence = seal->sequence;
      break;
    }
  }
  return out;
}

Result<std::vector<std::string>> list_files(const std::string& path) {
  CHARTER_TRY_ASSIGN(auto out, rotated_audit_files(path));
  if (access(path.c_str(), F_OK) == 0) out.push_back(path);
  std::sort(out.begin(), out.end());
  return out;
}

/// All files, oldest first. A rotation between listing and opening would hide a file: once more
/// then.
Result<std::vector<OpenFile>> open_files(const std::string& path) {
  for (int attempt = 0; attempt < kListAttempts; ++attempt) {
    CHARTER_TRY_ASSIGN(const auto before, list_files(path));
    std::vector<OpenFile> out;
    bool moved = false;
    for (const std::string& name : before) {
      auto opened = open_file(name);
      moved = moved || !opened;
      if (opened) out.push_back(std::move(*opened));
    }
    CHARTER_TRY_ASSIGN(const auto after, list_files(path));
    if (before != after) continue;
    if (moved) return Error{Code::ServiceUnavailable, path + ": cannot read all files of the log"};
    if (out.empty()) return Error{Code::NotFound, path + ": there is no audit log"};
    std::vector<size_t> order(out.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&out](size_t a, size_t b) {
      return out[a].first_sequence < out[b].first_sequence;
    });
    std::vector<OpenFile> sorted;
    for (const size_t i : order)
      sorted.push_back(std::move(out[i]));
    return sorted;
  }
  return Error{Code::ServiceUnavailable, path + ": the log rotates faster than it can be read"};
}

/// Reads the next line into `out`.
Status read_ahead(AuditLineReader& reader, Ahead& out) {
  AuditLineReader::Line line;
  CHARTER_TRY_ASSIGN(out.present, reader.next(line));
  if (!out.present) return {};
  out.text.assign(line.text);
  out.terminated = line.terminated;
  return {};
}

}  // namespace

std::string to_string(const AuditFinding& finding) {
  std::string out = finding.file;
  if (finding.line > 0) out += ":" + std::to_string(finding.line);
  out += ": ";
  if (finding.kind == AuditFinding::Kind::Note) out += "note: ";
  if (finding.sequence > 0) out += "record " + std::to_string(finding.sequence) + ": ";
  return out + finding.what;
}

Result<AuditVerified> verify_audit_log(const AuditVerifyOptions& options) {
  CHARTER_TRY_ASSIGN(std::vector<OpenFile> files, open_files(options.log_path));
  uint64_t total = 0;
  for (const OpenFile& file : files)
    total += file.bytes;
  AuditVerified out;
  out.files = files.size();
  ChainWalk walk(options, out);
  walk.begin(files.front().first_sequence);
  uint64_t before = 0;
  uint64_t lines = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    AuditLineReader& reader = files[i].reader;
    Ahead here;
    Ahead next;
    CHARTER_TRY(read_ahead(reader, here));
    for (uint64_t number = 1; here.present; ++number) {
      CHARTER_TRY(read_ahead(reader, next));
      if (here.terminated) {
        walk.line(reader.path(), number, here, next);
      } else {
        walk.torn(reader.path(), number, here.text, i + 1 == files.size() && !next.present);
      }
      std::swap(here, next);
      if (options.progress && ++lines % kProgressLines == 0)
        options.progress(before + reader.bytes_read(), total);
    }
    before += reader.bytes_read();
  }
  walk.end(options.log_path);
  if (options.progress) options.progress(before, std::max(total, before));
  return out;
}

}  // namespace charter
