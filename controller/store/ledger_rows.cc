#include "controller/store/ledger_rows.h"

#include "controller/object/digest.h"

namespace charter::ledger_rows {
namespace {

constexpr size_t kHashBytes = 32;

void add_number(std::string& out, int64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  out.append(bytes, sizeof bytes);
}

void read_words(const SqliteStatement& statement, LedgerWords& words, std::string& subject,
               MeterSpan& span) {
  read_edge([&](int column) { return words.text(statement.integer_at(column)); },
            [&](int column) { return statement.integer_at(column); }, subject, span);
}

/// Where in the ledger an interval begins and ends.
void place(const SqliteStatement& statement, int begun_column, LedgerInterval& interval) {
  const int64_t position = statement.integer_at(0);
  const bool ended = interval.span.to_s.has_value();
  interval.opened = ended ? statement.integer_at(begun_column) : position;
  interval.closed = ended ? position : 0;
}

}  // namespace

Row read(const SqliteStatement& statement, LedgerWords& words) {
  Row row;
  row.position = statement.integer_at(0);
  read_words(statement, words, row.edge.subject, row.edge.span);
  row.begun = statement.integer_at(16);
  row.hash = statement.bytes_at(17);
  return row;
}

void read_everything(const SqliteStatement& statement, LedgerWords& words,
                     LedgerInterval& interval) {
  read_words(statement, words, interval.subject, interval.span);
  place(statement, 16, interval);
}

void read_amounts(const SqliteStatement& statement, LedgerWords& words, LedgerInterval& interval) {
  const auto text_at = [&](int column) { return words.text(statement.integer_at(column)); };
  MeterSpan& span = interval.span;
  span.meter = text_at(2);
  span.basis = text_at(3);
  span.from_s = statement.integer_at(4);
  span.to_s.reset();
  if (statement.integer_at(1) != 0) span.to_s = statement.integer_at(5);
  span.amounts = text_at(6);
  span.detail = text_at(7);
  place(statement, 8, interval);
}

std::string first_hash() {
  return std::string(kHashBytes, '\0');
}

std::string chain(std::string_view before, const Row& row) {
  const LedgerEdge& edge = row.edge;
  const MeterSpan& span = edge.span;
  std::string bytes;
  bytes.reserve(512);
  bytes += before;
  add_number(bytes, row.position);
  add_number(bytes, row.begun);
  bytes += edge.closes() ? 'C' : 'O';
  add_number(bytes, span.number);
  add_number(bytes, span.from_s);
  add_number(bytes, span.to_s.value_or(0));
  // Lengths keep ("ab", "c") apart from ("a", "bc").
  for (const std::string* part : texts_of(edge)) {
    add_number(bytes, static_cast<int64_t>(part->size()));
    bytes += *part;
  }
  return sha256(bytes);
}

std::string title(const LedgerEdge& edge) {
  return edge.span.meter + " " + edge.span.basis + " #" + std::to_string(edge.span.number) +
         " of " + (edge.span.name.empty() ? edge.subject : edge.span.name);
}

}  // namespace charter::ledger_rows
