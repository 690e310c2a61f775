#include "controller/store/ledger_file.h"

#include "controller/base/log.h"

#include <limits>
#include <utility>

namespace charter {
namespace {

// Long enough for another process's commit on a slow disk; the lock is never held across anything
// else.
constexpr const char* kConnection =
    "PRAGMA busy_timeout=10000;PRAGMA journal_mode=DELETE;PRAGMA synchronous=FULL;"
    "PRAGMA trusted_schema=OFF;";
constexpr int64_t kFormat = 2;
constexpr int64_t kTextsFormat = 1;  // see LedgerTable::upgrade

}  // namespace

LedgerFile::LedgerFile(std::string path, std::unique_ptr<SqliteDatabase> database,
                       std::function<Status()> may_write)
    : path_(std::move(path)), may_write_(std::move(may_write)), database_(std::move(database)) {}

LedgerFile::~LedgerFile() = default;

Result<std::unique_ptr<LedgerFile>> LedgerFile::open(const std::string& path,
                                                     std::function<Status()> may_write) {
  auto database = SqliteDatabase::open(path, "");
  if (!database) return Error{Code::InternalError, path + ": cannot open the ledger"};
  std::unique_ptr<LedgerFile> file(new LedgerFile(path, std::move(database), std::move(may_write)));
  CHARTER_TRY(file->prepare());
  return file;
}

Error LedgerFile::failed(DbCode code, const char* what) const {
  log_error("ledger", what, {{"path", path_}, {"error", database_->error()}});
  if (code == DbCode::Full)
    return {Code::InsufficientStorage, path_ + ": no space is left for the ledger"};
  if (code == DbCode::Busy)
    return {Code::ServiceUnavailable, path_ + ": another process holds the ledger"};
  return {Code::InternalError, path_ + ": " + what};
}

DbCode LedgerFile::begin() const {
  return database_->execute("BEGIN IMMEDIATE");
}

Status LedgerFile::prepare() {
  if (const DbCode code = database_->execute(kConnection); code != DbCode::Ok)
    return failed(code, "the ledger cannot be opened");
  // Two replicas may start at once: one of them makes the tables.
  if (const DbCode code = begin(); code != DbCode::Ok)
    return failed(code, "the ledger cannot be locked");
  const int64_t format = database_->integer("PRAGMA user_version", -1);
  DbCode code = format < 0 ? DbCode::Damaged : DbCode::Ok;
  if (format == 0 || format == kTextsFormat) {
    const std::string script = (format == 0 ? LedgerTable::schema() : LedgerTable::upgrade()) +
                               "PRAGMA user_version=" + std::to_string(kFormat) + ";";
    code = database_->execute(script.c_str());
  }
  if (code == DbCode::Ok) code = database_->execute("COMMIT");
  if (code != DbCode::Ok) {
    Error error = failed(code, "the ledger's tables cannot be made");
    database_->execute("ROLLBACK");
    return error;
  }
  if (format > kFormat)
    return Error{Code::InternalError, path_ + ": the ledger is of a newer program"};
  table_ = std::make_unique<LedgerTable>(*database_);
  return {};
}

Status LedgerFile::write(const std::string& subject, const Edges& edges) {
  const std::lock_guard lock(mutex_);
  if (may_write_) CHARTER_TRY(may_write_());
  if (const DbCode code = begin(); code != DbCode::Ok)
    return failed(code, "the ledger cannot be locked");
  Status written = write_in_turn(subject, edges);
  if (written) {
    const DbCode code = database_->execute("COMMIT");
    if (code == DbCode::Ok) return {};
    written = failed(code, "the ledger cannot be written");
  }
  database_->execute("ROLLBACK");
  table_->rolled_back();
  return written;
}

Status LedgerFile::write_in_turn(const std::string& subject, const Edges& edges) {
  // Another process may have written since; and the lock may have been waited for.
  table_->reload();
  if (may_write_) CHARTER_TRY(may_write_());
  std::vector<MeterSpan> last;
  DbCode code = table_->read_lasting(subject, last);
  if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
  CHARTER_TRY_ASSIGN(auto fresh, edges(last));
  std::optional<Error> refusal;
  code = table_->judge(fresh, refusal);
  if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
  if (refusal) return *refusal;
  for (const LedgerEdge& edge : fresh) {
    code = table_->append(edge);
    if (code != DbCode::Ok) return failed(code, "the ledger cannot be written");
  }
  return {};
}

Result<std::vector<std::string>> LedgerFile::open_subjects() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> subjects;
  const DbCode code = table_->read_open_subjects(subjects);
  if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
  return subjects;
}

// A read transaction for each piece: a report never keeps a writer waiting.
Result<int64_t> LedgerFile::read_ledger(
    const LedgerQuery& query, const std::function<Status(const LedgerInterval&)>& visit) const {
  int64_t as_of = query.as_of;
  LedgerPage page;
  {
    const std::lock_guard lock(mutex_);
    // What is open and what was is read by two statements: nobody may end an interval in between.
    DbCode code = database_->execute("BEGIN");
    if (code == DbCode::Ok) {
      table_->reload();
      if (as_of == 0) as_of = table_->position();
      code = table_->read_open(query, as_of, page);
      const DbCode ended = database_->execute("ROLLBACK");
      if (code == DbCode::Ok) code = ended;
    }
    if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
  }
  LedgerPlace place{query.from_s, std::numeric_limits<int64_t>::max()};
  for (bool more = true; more;) {
    {
      const std::lock_guard lock(mutex_);
      const DbCode code = table_->read_ended(query, as_of, place, more, page);
      if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
    }
    for (const LedgerInterval& interval : page)
      CHARTER_TRY(visit(interval));
    page.clear();
  }
  return as_of;
}

Result<bool> LedgerFile::is_changed_since(const std::string& payer, int64_t position,
                                          int64_t to_s) const {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  const DbCode code = table_->look_for_change(payer, position, to_s, changed);
  if (code != DbCode::Ok) return failed(code, "the ledger cannot be read");
  return changed;
}

Status LedgerFile::verify(
    const std::function<void(std::string where, std::string what)>& find) const {
  const std::lock_guard lock(mutex_);
  // A bill reads an index; the chain is over the table.
  if (auto fault = database_->integrity_fault()) find(path_, *std::move(fault));
  const DbCode code = table_->verify(find, [](int64_t) {});
  return code == DbCode::Ok ? Status() : Status(failed(code, "the ledger cannot be read"));
}

}  // namespace charter
