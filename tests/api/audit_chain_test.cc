#include "tests/support/audit_bench.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>

// The chain and its verification: every way to change a log behind the server's back is found.
namespace charter::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    out.push_back(line + "\n");
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    out += line;
  return out;
}

std::string told(const AuditVerified& verified) {
  std::string out;
  for (const AuditFinding& finding : verified.findings)
    out += to_string(finding) + "\n";
  return out;
}

TEST(AuditChain, A_sealed_event_is_an_event_and_says_where_it_stands) {
  std::string event = open_event("a");
  const ChainPoint point = seal_event({6, std::string(64, 'a')}, event);
  EXPECT_EQ(point.sequence, 7U);
  ASSERT_TRUE(event.ends_with("\n"));
  const auto tree = parse_json(event);
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(text_at(*tree, {"annotations", "audit.charter.dev/sequence"}), "7");
  EXPECT_EQ(text_at(*tree, {"annotations", "audit.charter.dev/chain"}), point.digest);
  event.pop_back();
  const auto seal = read_seal(event);
  ASSERT_TRUE(seal.has_value());
  EXPECT_EQ(seal->sequence, 7U);
  EXPECT_EQ(seal->digest, point.digest);
  EXPECT_EQ(chain_digest(std::string(64, 'a'), seal->covered), point.digest);
}

TEST(AuditChain, A_text_in_an_event_that_looks_like_a_seal_is_none) {
  std::string event = audit_own_event(
      "a", "test", R"(","audit.charter.dev/sequence":"9","audit.charter.dev/chain":")", Instant());
  const ChainPoint point = seal_event({}, event);
  event.pop_back();
  EXPECT_EQ(read_seal(event)->sequence, 1U);
  EXPECT_EQ(read_seal(event)->digest, point.digest);
}

TEST(AuditVerify, An_untouched_log_over_several_files_and_restarts_has_no_fault) {
  AuditBench bench;
  bench.write_log(20, 2'000);
  bench.write_log(20, 2'000);
  ASSERT_GT(bench.files().size(), 3U);
  const AuditVerified verified = bench.verify();
  EXPECT_EQ(verified.faults, 0U) << told(verified);
  EXPECT_TRUE(verified.findings.empty()) << told(verified);
  EXPECT_EQ(verified.records, 44U);  // two starts and two stops
  EXPECT_EQ(verified.last.sequence, 44U);
}

TEST(AuditVerify, One_flipped_bit_in_any_byte_is_found) {
  AuditBench bench;
  bench.write_log(3, 1'200);
  ASSERT_GE(bench.files().size(), 2U);
  for (const std::string& file : bench.files()) {
    const std::string good = slurp(file);
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x04);
      spill(file, bad);
      ASSERT_GT(bench.verify().faults, 0U) << file << " byte " << at;
    }
    spill(file, good);
  }
  EXPECT_EQ(bench.verify().faults, 0U);
}

TEST(AuditVerify, A_changed_line_is_named_with_file_line_and_sequence_and_its_neighbours_are_not) {
  AuditBench bench;
  bench.write_log(8);
  const std::string good = slurp(bench.path());
  std::vector<std::string> lines = lines_of(good);
  const size_t at = lines[4].find("\"verb\":\"test\"");
  ASSERT_NE(at, std::string::npos);
  lines[4].replace(at, 13, "\"verb\":\"rest\"");
  spill(bench.path(), joined(lines));
  const AuditVerified verified = bench.verify();
  ASSERT_EQ(verified.faults, 1U) << told(verified);
  EXPECT_EQ(verified.findings[0].file, bench.path());
  EXPECT_EQ(verified.findings[0].line, 5U);
  EXPECT_EQ(verified.findings[0].sequence, 5U);
}

TEST(AuditVerify, A_changed_digest_or_number_is_one_fault_of_its_line) {
  AuditBench bench;
  bench.write_log(8);
  const std::string good = slurp(bench.path());
  for (const char* key : {"audit.charter.dev/chain\":\"", "audit.charter.dev/sequence\":\""}) {
    std::vector<std::string> lines = lines_of(good);
    char& first = lines[4][lines[4].find(key) + std::string_view(key).size()];
    first = first == '7' ? '3' : '7';
    spill(bench.path(), joined(lines));
    const AuditVerified verified = bench.verify();
    EXPECT_EQ(verified.faults, 1U) << key << "\n" << told(verified);
    EXPECT_EQ(verified.findings[0].line, 5U);
  }
}

TEST(AuditVerify, A_removed_inserted_doubled_or_swapped_line_is_found) {
  AuditBench bench;
  bench.write_log(8);
  const std::string good = slurp(bench.path());
  const std::vector<std::string> lines = lines_of(good);
  const auto faults_of = [&](std::vector<std::string> changed) {
    spill(bench.path(), joined(changed));
    return bench.verify();
  };
  auto removed = lines;
  removed.erase(removed.begin() + 4);
  const AuditVerified hole = faults_of(removed);
  ASSERT_EQ(hole.faults, 1U) << told(hole);
  EXPECT_NE(told(hole).find("record 5 missing before this line"), std::string::npos) << told(hole);
  auto inserted = lines;
  inserted.insert(inserted.begin() + 4, "{\"kind\":\"Event\"}\n");
  EXPECT_EQ(faults_of(inserted).faults, 1U);
  auto doubled = lines;
  doubled.insert(doubled.begin() + 4, lines[4]);
  EXPECT_GT(faults_of(doubled).faults, 0U);
  auto swapped = lines;
  std::swap(swapped[4], swapped[5]);
  EXPECT_GT(faults_of(swapped).faults, 0U);
  auto first = lines;
  first.erase(first.begin());
  EXPECT_GT(faults_of(first).faults, 0U);
  EXPECT_EQ(faults_of(lines).faults, 0U);
}

TEST(AuditVerify, A_line_put_in_with_a_digest_of_its_own_is_found_at_the_next) {
  AuditBench bench;
  bench.write_log(8);
  const std::vector<std::string> lines = lines_of(slurp(bench.path()));
  std::vector<std::string> forged(lines.begin(), lines.begin() + 4);
  const auto seal = read_seal(std::string_view(lines[3]).substr(0, lines[3].size() - 1));
  std::string event = open_event("forged");
  seal_event({4, std::string(seal->digest)}, event);
  forged.push_back(event);
  forged.insert(forged.end(), lines.begin() + 4, lines.end());
  spill(bench.path(), joined(forged));
  EXPECT_GT(bench.verify().faults, 0U);
}

TEST(AuditVerify, A_file_missing_at_the_beginning_in_the_middle_or_at_the_end_is_found) {
  AuditBench bench;
  bench.write_log(20, 2'000);
  const std::vector<std::string> files = bench.files();
  ASSERT_GT(files.size(), 3U);
  for (const std::string& file : {files.front(), files[1], files.back()}) {
    const std::string good = slurp(file);
    std::filesystem::remove(file);
    EXPECT_EQ(bench.verify().faults, 1U) << file << "\n" << told(bench.verify());
    spill(file, good);
  }
  EXPECT_EQ(bench.verify().faults, 0U);
}

TEST(AuditVerify, A_cut_tail_is_found_with_the_head_file_and_told_of_by_the_next_start) {
  AuditBench bench;
  bench.write_log(8);
  std::vector<std::string> lines = lines_of(slurp(bench.path()));
  lines.resize(7);
  spill(bench.path(), joined(lines));
  const AuditVerified cut = bench.verify();
  ASSERT_EQ(cut.faults, 1U) << told(cut);
  EXPECT_NE(told(cut).find("records 8 to 10 missing at the end"), std::string::npos) << told(cut);
  bench.write_log(1);
  const auto starts = bench.events_with("verb", "start");
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_NE(text_at(starts[1], {"annotations", "audit.charter.dev/note"})
                .find("records 8 to 10 were on the disk and are missing"),
            std::string::npos);
  // The hole stays visible for ever, and what follows it is sound.
  const AuditVerified after = bench.verify();
  EXPECT_EQ(after.faults, 1U) << told(after);
}

TEST(AuditVerify, A_chain_that_was_made_anew_is_found_by_the_head_file_and_by_a_noted_point) {
  AuditBench bench;
  bench.write_log(8);
  const AuditVerified before = bench.verify();
  std::string anew;
  ChainPoint point;
  for (int i = 0; i < 10; ++i) {
    std::string event = open_event("forged");
    point = seal_event(point, event);
    anew += event;
  }
  spill(bench.path(), anew);
  EXPECT_GT(bench.verify().faults, 0U);
  AuditVerifyOptions options;
  options.log_path = bench.path();
  EXPECT_EQ(verify_audit_log(options)->faults, 0U);
  options.known = before.last;
  EXPECT_GT(verify_audit_log(options)->faults, 0U);
}

TEST(AuditVerify, Any_changed_byte_of_the_head_file_is_told) {
  AuditBench bench;
  bench.write_log(2);
  const std::string good = slurp(bench.head_path());
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    spill(bench.head_path(), bad);
    const auto head = read_audit_head(bench.head_path());
    if (!head) continue;
    // Another number or path, well written: the log does not fit it.
    AuditVerifyOptions options;
    options.head = *head;
    options.log_path = (*head)->log_path;
    const auto verified = verify_audit_log(options);
    ASSERT_TRUE(!verified || verified->faults > 0) << "byte " << at;
  }
}

TEST(AuditVerify, A_torn_last_line_is_a_note_and_the_next_start_takes_it_away_and_says_so) {
  AuditBench bench;
  bench.write_log(3);
  const std::string good = slurp(bench.path());
  for (const size_t length : {size_t{1}, size_t{60}, size_t{300}}) {
    std::string event = open_event("torn");
    seal_event({}, event);
    spill(bench.path(), good + event.substr(0, std::min(length, event.size() - 2)));
    const AuditVerified torn = bench.verify();
    EXPECT_EQ(torn.faults, 0U) << told(torn);
    EXPECT_EQ(torn.findings.size(), 1U);
  }
  bench.write_log(1);
  const auto starts = bench.events_with("verb", "start");
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_NE(text_at(starts[1], {"annotations", "audit.charter.dev/note"}).find("a torn line of"),
            std::string::npos);
  const AuditVerified after = bench.verify();
  EXPECT_TRUE(after.findings.empty()) << told(after);
}

TEST(AuditVerify, A_missing_log_is_an_error) {
  AuditBench bench;
  AuditVerifyOptions options;
  options.log_path = bench.path();
  const auto verified = verify_audit_log(options);
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().code, Code::NotFound);
}

}  // namespace
}  // namespace charter::test
