#include "drivers/simulated/sim_rows.h"

#include <string>

namespace charter {
namespace {

// Uid is not unique on purpose: a real endpoint has no such index, so a driver that creates twice
// must show up as two machines in the tests, not as an error of this table.
constexpr const char* kTables = R"sql(
CREATE TABLE hosts(
  name TEXT PRIMARY KEY, vcpus INTEGER NOT NULL, memory INTEGER NOT NULL, storage INTEGER NOT NULL,
  used_vcpus INTEGER NOT NULL DEFAULT 0, used_memory INTEGER NOT NULL DEFAULT 0,
  used_storage INTEGER NOT NULL DEFAULT 0, up INTEGER NOT NULL, accepting INTEGER NOT NULL,
  free_memory INTEGER GENERATED ALWAYS AS (memory - used_memory) VIRTUAL,
  free_storage INTEGER GENERATED ALWAYS AS (storage - used_storage) VIRTUAL) WITHOUT ROWID;
CREATE INDEX hosts_by_memory ON hosts(free_memory DESC, name);
CREATE INDEX hosts_by_storage ON hosts(free_storage DESC, name);
CREATE TABLE machines(
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
  host TEXT NOT NULL, vcpus INTEGER NOT NULL, memory INTEGER NOT NULL, disk INTEGER NOT NULL,
  class TEXT NOT NULL, image_url TEXT NOT NULL, image_digest TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  power INTEGER NOT NULL, power_at INTEGER NOT NULL, image_at INTEGER NOT NULL,
  known_at INTEGER NOT NULL,
  staged_vcpus INTEGER NOT NULL, staged_memory INTEGER NOT NULL, address TEXT NOT NULL);
CREATE INDEX machines_by_uid ON machines(uid);
CREATE TABLE volumes(
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
  host TEXT NOT NULL, size INTEGER NOT NULL, class TEXT NOT NULL, shared INTEGER NOT NULL);
CREATE INDEX volumes_by_uid ON volumes(uid);
CREATE TABLE attachments(
  id INTEGER PRIMARY KEY, machine TEXT NOT NULL, volume TEXT NOT NULL, UNIQUE(machine, volume));
CREATE INDEX attachments_by_volume ON attachments(volume);
CREATE TABLE calls(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, pid INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  call TEXT NOT NULL, uid TEXT NOT NULL, arguments TEXT NOT NULL, outcome TEXT NOT NULL,
  effect TEXT NOT NULL);
CREATE INDEX calls_by_uid ON calls(uid);
CREATE INDEX calls_without_effect ON calls(seq) WHERE effect = '';
CREATE TABLE counters(key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// A staged resize already holds its room: the restart that applies it must not fail for lack of
// capacity.
constexpr const char* kAccounting = R"sql(
CREATE TRIGGER machine_in AFTER INSERT ON machines BEGIN
  UPDATE hosts SET used_vcpus = used_vcpus + max(new.vcpus, new.staged_vcpus),
    used_memory = used_memory + max(new.memory, new.staged_memory),
    used_storage = used_storage + new.disk WHERE name = new.host; END;
CREATE TRIGGER machine_out AFTER DELETE ON machines BEGIN
  UPDATE hosts SET used_vcpus = used_vcpus - max(old.vcpus, old.staged_vcpus),
    used_memory = used_memory - max(old.memory, old.staged_memory),
    used_storage = used_storage - old.disk WHERE name = old.host; END;
CREATE TRIGGER machine_resized AFTER UPDATE OF vcpus, memory, staged_vcpus, staged_memory ON machines
  WHEN max(new.vcpus, new.staged_vcpus) <> max(old.vcpus, old.staged_vcpus)
    OR max(new.memory, new.staged_memory) <> max(old.memory, old.staged_memory) BEGIN
  UPDATE hosts SET
    used_vcpus = used_vcpus + max(new.vcpus, new.staged_vcpus) - max(old.vcpus, old.staged_vcpus),
    used_memory = used_memory + max(new.memory, new.staged_memory) - max(old.memory, old.staged_memory)
    WHERE name = new.host; END;
CREATE TRIGGER volume_in AFTER INSERT ON volumes BEGIN
  UPDATE hosts SET used_storage = used_storage + new.size WHERE name = new.host; END;
CREATE TRIGGER volume_out AFTER DELETE ON volumes BEGIN
  UPDATE hosts SET used_storage = used_storage - old.size WHERE name = old.host; END;
CREATE TRIGGER volume_resized AFTER UPDATE OF size ON volumes BEGIN
  UPDATE hosts SET used_storage = used_storage + new.size - old.size WHERE name = new.host; END;
)sql";

// What version 2 knows of protection. A thing of version 1 was made without it.
constexpr const char* kProtection = R"sql(
ALTER TABLE machines ADD COLUMN disk_class TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN image_format TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN networks TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN isolation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX machines_by_host ON machines(host, tenant);
CREATE INDEX machines_reserving ON machines(host, tenant) WHERE isolation = 2;
ALTER TABLE volumes ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE volumes ADD COLUMN isolation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volumes ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;
)sql";

// What version 3 counts of consumption. A machine that runs already counts from its boot.
constexpr const char* kConsumption = R"sql(
ALTER TABLE machines ADD COLUMN boots INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN counted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN ran_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN processor_ns INTEGER NOT NULL DEFAULT 0;
UPDATE machines SET boots = 1 WHERE power = 2 AND power_at > 0;
)sql";

std::string ledger_triggers() {
  return "CREATE TRIGGER calls_fixed BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'the ledger "
         "is append-only'); END;"
         "CREATE TRIGGER calls_kept BEFORE DELETE ON calls"
         "  WHEN old.effect <> '' OR old.seq > (SELECT max(seq) FROM calls) - " +
         std::to_string(kSimCallsKept) +
         "  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;";
}

constexpr int64_t kVersion = 3;

int64_t version_of(SqlConnection& sql) {
  SqlCursor cursor = sql.query("PRAGMA user_version");
  return cursor.step() ? cursor.integer(0) : 0;
}

}  // namespace

void prepare_sim_tables(SqlConnection& sql) {
  // Inside one transaction: of two processes that open a new world at once, the second finds the
  // tables.
  sql.run("BEGIN IMMEDIATE");
  const int64_t version = version_of(sql);
  if (version == 0) {
    sql.script(kTables);
    sql.script(kAccounting);
    sql.script(ledger_triggers().c_str());
  }
  if (version < 2) sql.script(kProtection);
  if (version < kVersion) {
    sql.script(kConsumption);
    sql.script(("PRAGMA user_version=" + std::to_string(kVersion)).c_str());
  }
  sql.run("COMMIT");
  if (version > kVersion)
    throw SqlError("the world is of a newer version: " + std::to_string(version));
}

}  // namespace charter
