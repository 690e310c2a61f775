#include "tests/support/audit_bench.h"

#include "controller/base/check.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace charter::test {

AuditBench::AuditBench() {
  char name[] = "/tmp/charter-audit-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  folder_ = name;
  std::filesystem::create_directory(folder_ + "/log");
}

AuditBench::~AuditBench() {
  std::filesystem::remove_all(folder_);
}

AuditJournalOptions AuditBench::journal_options() const {
  AuditJournalOptions out;
  out.path = path();
  out.head_path = head_path();
  out.file_bytes_max = 100'000'000;
  return out;
}

std::unique_ptr<AuditLog> AuditBench::open(uint64_t file_bytes_max,
                                           AuditLogOptions::Writer writer) {
  AuditLogOptions options{journal_options(), writer};
  options.journal.file_bytes_max = file_bytes_max;
  auto log = AuditLog::open(std::move(options), clock_, random_, metrics_);
  CHECK_MSG(log.has_value(), log ? "" : log.error().message);
  return std::move(*log);
}

void AuditBench::write_log(int count, uint64_t file_bytes_max) {
  const auto log = open(file_bytes_max);
  for (int i = 0; i < count; ++i)
    log->append(open_event("event-" + std::to_string(i)));
}

std::vector<std::string> AuditBench::files() const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/log"))
    out.push_back(entry.path().string());
  // "audit-TIME.log" sorts before "audit.log", and by time.
  std::sort(out.begin(), out.end());
  return out;
}

std::string AuditBench::text() const {
  // A log that is being written is renamed while it is read: read again until no file was added.
  while (true) {
    const std::vector<std::string> before = files();
    std::string out;
    for (const std::string& file : before)
      out += slurp(file);
    if (files() == before) return out;
  }
}

std::vector<Json> AuditBench::events() const {
  std::vector<Json> out;
  std::istringstream lines(text());
  for (std::string line; std::getline(lines, line);) {
    auto tree = parse_json(line);
    CHECK_MSG(tree.has_value(), line);
    out.push_back(std::move(*tree));
  }
  return out;
}

std::vector<Json> AuditBench::events_with(const std::string& member,
                                          const std::string& value) const {
  std::vector<Json> out;
  for (Json& event : events()) {
    if (text_at(event, {member}) == value) out.push_back(std::move(event));
  }
  return out;
}

AuditVerified AuditBench::verify() const {
  AuditVerifyOptions options;
  options.log_path = path();
  auto head = read_audit_head(head_path());
  CHECK_MSG(head.has_value(), head ? "" : head.error().message);
  options.head = *head;
  auto out = verify_audit_log(options);
  CHECK_MSG(out.has_value(), out ? "" : out.error().message);
  return *out;
}

std::string open_event(const std::string& id, size_t bytes) {
  std::string out = audit_own_event(id, "test", std::string(bytes, 'x'), Instant());
  return out;
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

void spill(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace charter::test
