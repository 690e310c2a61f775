#include "drivers/simulated/sim_rows.h"

#include <algorithm>

namespace charter {
namespace {

int64_t ns(Instant at) {
  return at.time_since_epoch().count();
}
Instant instant(int64_t ns) {
  return Instant(Duration(ns));
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ",") + word;
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find(',', from), text.size());
    words.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

Protection read_protection(const SqlCursor& row, int column) {
  return {.tenant = row.text(column),
          .tenancy = static_cast<Tenancy>(row.integer(column + 1)),
          .encrypted_at_rest = row.integer(column + 2) != 0};
}

SimHost read_host(const SqlCursor& row) {
  return {.name = row.text(0),
          .total = {row.integer(1), row.integer(2), row.integer(3)},
          .used = {row.integer(4), row.integer(5), row.integer(6)},
          .up = row.integer(7) != 0,
          .accepting = row.integer(8) != 0};
}

SimMachine read_machine(const SqlCursor& row) {
  return {.id = row.integer(0),
          .uid = row.text(1),
          .owner = row.text(2),
          .name = row.text(3),
          .host = row.text(4),
          .vcpus = row.integer(5),
          .memory_bytes = row.integer(6),
          .disk_bytes = row.integer(7),
          .machine_class = row.text(8),
          .image_url = row.text(9),
          .image_digest = row.text(10),
          .fingerprint = row.text(11),
          .power = static_cast<PowerState>(row.integer(12)),
          .power_at = instant(row.integer(13)),
          .image_at = instant(row.integer(14)),
          .known_at = instant(row.integer(15)),
          .staged_vcpus = row.integer(16),
          .staged_memory_bytes = row.integer(17),
          .address = row.text(18),
          .disk_class = row.text(19),
          .image_format = row.text(20),
          .networks = split(row.text(21)),
          .protection = read_protection(row, 22),
          .boots = row.integer(25),
          .counted_at = instant(row.integer(26)),
          .ran_ns = row.integer(27),
          .processor_ns = row.integer(28)};
}

SimVolume read_volume(const SqlCursor& row) {
  return {.id = row.integer(0),
          .uid = row.text(1),
          .owner = row.text(2),
          .name = row.text(3),
          .host = row.text(4),
          .size_bytes = row.integer(5),
          .storage_class = row.text(6),
          .shared = row.integer(7) != 0,
          .protection = read_protection(row, 8)};
}

SimCall read_call(const SqlCursor& row) {
  return {.seq = row.integer(0),
          .at = instant(row.integer(1)),
          .pid = row.integer(2),
          .epoch = row.integer(3),
          .call = row.text(4),
          .uid = row.text(5),
          .arguments = row.text(6),
          .outcome = row.text(7),
          .effect = row.text(8)};
}

template <class Row>
std::vector<Row> all(SqlCursor cursor, Row (*read)(const SqlCursor&)) {
  std::vector<Row> rows;
  while (cursor.step())
    rows.push_back(read(cursor));
  return rows;
}

template <class Row>
std::optional<Row> first(SqlCursor cursor, Row (*read)(const SqlCursor&)) {
  if (!cursor.step()) return std::nullopt;
  return read(cursor);
}

std::string first_column(const SqlCursor& row) {
  return row.text(0);
}

#define HOST_COLUMNS \
  "name, vcpus, memory, storage, used_vcpus, used_memory, used_storage, up, accepting"
#define HAS_ROOM                                                                          \
  " FROM hosts WHERE up AND accepting AND vcpus - used_vcpus >= ?1 AND free_memory >= ?2" \
  " AND free_storage >= ?3"
// Two queries instead of one with a flag: the first runs for every machine and has to cost nothing
// where nobody asked for a host of their own.
#define NO_RESERVATION                                                       \
  " AND NOT EXISTS (SELECT 1 FROM machines WHERE machines.host = hosts.name" \
  " AND machines.isolation = 2 AND machines.tenant <> ?4)"
#define NO_NEIGHBOUR                                                         \
  " AND NOT EXISTS (SELECT 1 FROM machines WHERE machines.host = hosts.name" \
  " AND machines.tenant <> ?4)"
#define BY_MEMORY " ORDER BY free_memory DESC, name LIMIT 1"

}  // namespace

Capacity SimHost::free() const {
  return {total.vcpus - used.vcpus, total.memory_bytes - used.memory_bytes,
          total.storage_bytes - used.storage_bytes};
}

std::vector<SimHost> SimRows::hosts() {
  return all(sql_.query("SELECT " HOST_COLUMNS " FROM hosts ORDER BY name"), read_host);
}

std::optional<SimHost> SimRows::host(const std::string& name) {
  return first(sql_.query("SELECT " HOST_COLUMNS " FROM hosts WHERE name = ?", name), read_host);
}

void SimRows::put_host(const SimHost& host) {
  sql_.run(
      "INSERT INTO hosts(name, vcpus, memory, storage, up, accepting) VALUES(?, ?, ?, ?, ?, ?)"
      " ON CONFLICT(name) DO UPDATE SET vcpus = excluded.vcpus, memory = excluded.memory,"
      " storage = excluded.storage, up = excluded.up, accepting = excluded.accepting",
      host.name, host.total.vcpus, host.total.memory_bytes, host.total.storage_bytes,
      host.up ? 1 : 0, host.accepting ? 1 : 0);
}

void SimRows::erase_host(const std::string& name) {
  sql_.run("DELETE FROM hosts WHERE name = ?", name);
}

std::optional<std::string> SimRows::roomiest_host(const Capacity& need,
                                                  const Protection& protection) {
  const bool dedicated = protection.tenancy == Tenancy::DedicatedHost;
  const char* sql = dedicated ? "SELECT name" HAS_ROOM NO_RESERVATION NO_NEIGHBOUR BY_MEMORY
                              : "SELECT name" HAS_ROOM NO_RESERVATION BY_MEMORY;
  return first(
      sql_.query(sql, need.vcpus, need.memory_bytes, need.storage_bytes, protection.tenant),
      first_column);
}

std::optional<std::string> SimRows::roomiest_store(int64_t storage_bytes) {
  return first(sql_.query("SELECT name FROM hosts WHERE up AND accepting AND free_storage >= ?1"
                          " ORDER BY free_storage DESC, name LIMIT 1",
                          storage_bytes),
               first_column);
}

std::vector<SimMachine> SimRows::machines() {
  return all(sql_.query("SELECT * FROM machines ORDER BY uid, id"), read_machine);
}

std::optional<SimMachine> SimRows::machine(const std::string& uid) {
  if (uid.empty()) return std::nullopt;  // things of others may have none
  return first(sql_.query("SELECT * FROM machines WHERE uid = ? ORDER BY id LIMIT 1", uid),
               read_machine);
}

int64_t SimRows::insert(const SimMachine& m) {
  sql_.run(
      "INSERT INTO machines VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
      " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      m.uid, m.owner, m.name, m.host, m.vcpus, m.memory_bytes, m.disk_bytes, m.machine_class,
      m.image_url, m.image_digest, m.fingerprint, static_cast<int>(m.power), ns(m.power_at),
      ns(m.image_at), ns(m.known_at), m.staged_vcpus, m.staged_memory_bytes, m.address,
      m.disk_class, m.image_format, join(m.networks), m.protection.tenant,
      static_cast<int>(m.protection.tenancy), m.protection.encrypted_at_rest ? 1 : 0, m.boots,
      ns(m.counted_at), m.ran_ns, m.processor_ns);
  return sql_.last_id();
}

void SimRows::update(const SimMachine& m) {
  // Host and disk are fixed at creation; the accounting triggers rely on it.
  sql_.run(
      "UPDATE machines SET owner = ?, name = ?, vcpus = ?, memory = ?, power = ?, power_at = ?,"
      " known_at = ?, staged_vcpus = ?, staged_memory = ?, address = ?, boots = ?, counted_at = ?,"
      " ran_ns = ?, processor_ns = ? WHERE id = ?",
      m.owner, m.name, m.vcpus, m.memory_bytes, static_cast<int>(m.power), ns(m.power_at),
      ns(m.known_at), m.staged_vcpus, m.staged_memory_bytes, m.address, m.boots, ns(m.counted_at),
      m.ran_ns, m.processor_ns, m.id);
}

void SimRows::erase_machine(int64_t id) {
  sql_.run("DELETE FROM machines WHERE id = ?", id);
}

std::vector<SimVolume> SimRows::volumes() {
  return all(sql_.query("SELECT * FROM volumes ORDER BY uid, id"), read_volume);
}

std::optional<SimVolume> SimRows::volume(const std::string& uid) {
  if (uid.empty()) return std::nullopt;  // things of others may have none
  return first(sql_.query("SELECT * FROM volumes WHERE uid = ? ORDER BY id LIMIT 1", uid),
               read_volume);
}

int64_t SimRows::insert(const SimVolume& v) {
  sql_.run("INSERT INTO volumes VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", v.uid, v.owner, v.name,
           v.host, v.size_bytes, v.storage_class, v.shared ? 1 : 0, v.protection.tenant,
           static_cast<int>(v.protection.tenancy), v.protection.encrypted_at_rest ? 1 : 0);
  return sql_.last_id();
}

void SimRows::update(const SimVolume& v) {
  sql_.run("UPDATE volumes SET owner = ?, name = ?, size = ? WHERE id = ?", v.owner, v.name,
           v.size_bytes, v.id);
}

void SimRows::erase_volume(int64_t id) {
  sql_.run("DELETE FROM volumes WHERE id = ?", id);
}

std::vector<std::pair<std::string, std::string>> SimRows::attachments() {
  std::vector<std::pair<std::string, std::string>> pairs;
  SqlCursor cursor = sql_.query("SELECT machine, volume FROM attachments ORDER BY id");
  while (cursor.step())
    pairs.emplace_back(cursor.text(0), cursor.text(1));
  return pairs;
}

std::vector<std::string> SimRows::volumes_of(const std::string& machine_uid) {
  return all(
      sql_.query("SELECT volume FROM attachments WHERE machine = ? ORDER BY id", machine_uid),
      first_column);
}

std::vector<std::string> SimRows::machines_of(const std::string& volume_uid) {
  return all(
      sql_.query("SELECT machine FROM attachments WHERE volume = ? ORDER BY machine", volume_uid),
      first_column);
}

void SimRows::link(const std::string& machine_uid, const std::string& volume_uid) {
  sql_.run("INSERT OR IGNORE INTO attachments(machine, volume) VALUES(?, ?)", machine_uid,
           volume_uid);
}

void SimRows::unlink(const std::string& machine_uid, const std::string& volume_uid) {
  sql_.run("DELETE FROM attachments WHERE machine = ? AND volume = ?", machine_uid, volume_uid);
}

void SimRows::unlink_all(const std::string& machine_uid) {
  sql_.run("DELETE FROM attachments WHERE machine = ?", machine_uid);
}

void SimRows::append(const SimCall& call) {
  sql_.run("INSERT INTO calls VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?)", ns(call.at), call.pid,
           call.epoch, call.call, call.uid, call.arguments, call.outcome, call.effect);
  // Small steps now and then: each removes as much as arrived since the last one.
  constexpr int64_t kStep = 1000;
  const int64_t seq = sql_.last_id();
  if (seq % kStep != 0 || seq <= kSimCallsKept) return;
  sql_.run("DELETE FROM calls WHERE effect = '' AND seq <= ?", seq - kSimCallsKept);
}

std::vector<SimCall> SimRows::calls(const SimCallQuery& query) {
  const char* sql = query.uid.empty()
                        ? "SELECT * FROM calls WHERE ?2 = '' AND seq > ?1 ORDER BY seq LIMIT ?3"
                        : "SELECT * FROM calls WHERE uid = ?2 AND seq > ?1 ORDER BY seq LIMIT ?3";
  return all(sql_.query(sql, query.after_seq, query.uid, query.limit), read_call);
}

int64_t SimRows::count_match(const std::string& rule_key) {
  SqlCursor cursor = sql_.query(
      "INSERT INTO counters VALUES(?, 1) ON CONFLICT(key) DO UPDATE SET count = count + 1"
      " RETURNING count",
      rule_key);
  return cursor.step() ? cursor.integer(0) : 0;
}

int64_t SimRows::next_epoch() {
  return count_match("epoch");
}

}  // namespace charter
