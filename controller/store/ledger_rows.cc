#include "controller/store/ledger_rows.h"

#include "controller/object/digest.h"

namespace charter::ledger_rows {
namespace {

constexpr size_t kHashBytes = 32;

void add_number(std::string& out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(static_cast<uint64_t>(value) >> shift);
}

int nibble(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

}  // namespace

Row read(const SqliteStatement& statement) {
  const auto text = [&statement](int column) { return std::string(statement.bytes_at(column)); };
  Row row;
  row.position = statement.integer_at(0);
  const bool closes = statement.integer_at(1) != 0;
  row.edge.subject = text(2);
  MeterSpan& span = row.edge.span;
  span.meter = text(3);
  span.basis = text(4);
  span.number = statement.integer_at(5);
  span.from_s = statement.integer_at(6);
  if (closes) span.to_s = statement.integer_at(7);
  span.payer = text(8);
  span.payer_name = text(9);
  span.name = text(10);
  span.part_of = text(11);
  span.by = text(12);
  span.ended_by = text(13);
  span.amounts = text(14);
  span.detail = text(15);
  row.begun = statement.integer_at(16);
  row.hash = text(17);
  return row;
}

std::string first_hash() {
  return std::string(kHashBytes, '\0');
}

std::string chain(std::string_view before, const Row& row) {
  const LedgerEdge& edge = row.edge;
  const MeterSpan& span = edge.span;
  std::string bytes(before);
  add_number(bytes, row.position);
  add_number(bytes, row.begun);
  bytes += edge.closes() ? 'C' : 'O';
  add_number(bytes, span.number);
  add_number(bytes, span.from_s);
  add_number(bytes, span.to_s.value_or(0));
  // Lengths keep ("ab", "c") apart from ("a", "bc").
  for (const std::string* part :
       {&edge.subject, &span.meter, &span.basis, &span.payer, &span.payer_name, &span.name,
        &span.part_of, &span.by, &span.ended_by, &span.amounts, &span.detail}) {
    add_number(bytes, static_cast<int64_t>(part->size()));
    bytes += *part;
  }
  const std::string hex = sha256_hex(bytes);
  std::string hash;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    hash += static_cast<char>(nibble(hex[i]) * 16 + nibble(hex[i + 1]));
  return hash;
}

std::string title(const LedgerEdge& edge) {
  return edge.span.meter + " " + edge.span.basis + " #" + std::to_string(edge.span.number) +
         " of " + (edge.span.name.empty() ? edge.subject : edge.span.name);
}

}  // namespace charter::ledger_rows
