#include "tests/support/fault_vfs.h"

#include "controller/base/check.h"
#include "controller/base/random.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <unistd.h>

namespace charter::testing {
namespace {

constexpr int64_t kSector = 512;

// What a file held at its last sync, where it differs now.
struct Unsynced {
  int64_t size = 0;
  std::map<int64_t, std::string> sectors;
};

}  // namespace

/// All that calls and controls share.
struct FaultVfs::State {
  mutable std::mutex mutex;
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  std::map<std::string, Unsynced> unsynced;  // by path
  int64_t writes = 0, syncs = 0;
  int64_t fail_write_at = 0, fail_sync_at = 0, cut_at = 0;  // call numbers, 0: never
  Fault fault = Fault::IoError;
  Loss loss = Loss::All;
  uint64_t seed = 0;
  bool powered = true, full = false, fired = false;

  void cut();
  int before_write(sqlite3_file* file, const std::string& path, int64_t offset, int64_t count);
  int before_sync();
};

namespace {

// A file as SQLite sees it; the real one lies behind it in the same memory.
struct FaultFile {
  sqlite3_file base;
  FaultVfs::State* state;
  std::string* path;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* of(sqlite3_file* file) {
  return reinterpret_cast<FaultFile*>(file);
}

int64_t size_of(sqlite3_file* real) {
  sqlite3_int64 size = 0;
  real->pMethods->xFileSize(real, &size);
  return size;
}

int close_file(sqlite3_file* file) {
  FaultFile* self = of(file);
  const int result = self->real()->pMethods->xClose(self->real());
  delete self->path;
  return result;
}

int read_file(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xRead(real, to, count, offset);
}

int write_file(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  FaultFile* self = of(file);
  const std::lock_guard lock(self->state->mutex);
  const int result = self->state->before_write(self->real(), *self->path, offset, count);
  if (result != SQLITE_OK) return result;
  return self->real()->pMethods->xWrite(self->real(), from, count, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  FaultFile* self = of(file);
  const std::lock_guard lock(self->state->mutex);
  if (!self->state->powered) return SQLITE_IOERR_TRUNCATE;
  return self->real()->pMethods->xTruncate(self->real(), size);
}

int sync_file(sqlite3_file* file, int flags) {
  FaultFile* self = of(file);
  const std::lock_guard lock(self->state->mutex);
  const int result = self->state->before_sync();
  if (result != SQLITE_OK) return result;
  // The disk itself is not asked: a kill of this process loses nothing that was written.
  (void)flags;
  Unsynced& unsynced = self->state->unsynced[*self->path];
  unsynced.sectors.clear();
  unsynced.size = size_of(self->real());
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xFileSize(real, size);
}

int lock_file(sqlite3_file* file, int level) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xLock(real, level);
}

int unlock_file(sqlite3_file* file, int level) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xUnlock(real, level);
}

int check_lock(sqlite3_file* file, int* held) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xCheckReservedLock(real, held);
}

int file_control(sqlite3_file* file, int what, void* argument) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xFileControl(real, what, argument);
}

int sector_size(sqlite3_file*) {
  return static_cast<int>(kSector);
}

int characteristics(sqlite3_file* file) {
  sqlite3_file* real = of(file)->real();
  return real->pMethods->xDeviceCharacteristics(real);
}

// Version 1 has no shared memory: the store must work without it, in exclusive mode.
const sqlite3_io_methods kMethods = {
    1,         close_file,  read_file,  write_file,   truncate_file, sync_file,      file_size,
    lock_file, unlock_file, check_lock, file_control, sector_size,   characteristics};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  FaultFile* self = of(file);
  self->base.pMethods = nullptr;
  const std::lock_guard lock(state->mutex);
  if (!state->powered) return SQLITE_CANTOPEN;
  const int result = state->real->xOpen(state->real, name, self->real(), flags, flags_out);
  if (result != SQLITE_OK) return result;
  self->state = state;
  self->path = new std::string(name != nullptr ? name : "");
  self->base.pMethods = &kMethods;
  state->unsynced.try_emplace(*self->path, Unsynced{size_of(self->real()), {}});
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  const std::lock_guard lock(state->mutex);
  if (!state->powered) return SQLITE_IOERR_DELETE;
  state->unsynced.erase(name);
  return state->real->xDelete(state->real, name, sync_directory);
}

}  // namespace

void FaultVfs::State::cut() {
  powered = false;
  fired = true;
  SeededRandom random(seed);
  for (auto& [path, unsynced_of] : unsynced) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    for (const auto& [sector, bytes] : unsynced_of.sectors) {
      if (loss == Loss::Torn && (random.next() & 1) != 0) continue;
      CHECK(pwrite(fd, bytes.data(), bytes.size(), sector * kSector) ==
            static_cast<ssize_t>(bytes.size()));
    }
    if (loss == Loss::All) CHECK(ftruncate(fd, unsynced_of.size) == 0);
    ::close(fd);
    unsynced_of.sectors.clear();
  }
}

int FaultVfs::State::before_write(sqlite3_file* file, const std::string& path, int64_t offset,
                                  int64_t count) {
  if (!powered) return SQLITE_IOERR_WRITE;
  if (++writes == fail_write_at) {
    fired = true;
    return fault == Fault::DiskFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  if (full && offset + count > size_of(file)) {
    fired = true;
    return SQLITE_FULL;
  }
  Unsynced& kept = unsynced[path];
  for (int64_t sector = offset / kSector; sector * kSector < offset + count; ++sector) {
    if (kept.sectors.contains(sector)) continue;
    std::string bytes(kSector, '\0');
    file->pMethods->xRead(file, bytes.data(), static_cast<int>(kSector), sector * kSector);
    kept.sectors.emplace(sector, std::move(bytes));
  }
  return SQLITE_OK;
}

int FaultVfs::State::before_sync() {
  if (!powered) return SQLITE_IOERR_FSYNC;
  ++syncs;
  if (syncs == fail_sync_at) {
    fired = true;
    return fault == Fault::DiskFull ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
  }
  if (syncs == cut_at) {
    cut();
    return SQLITE_IOERR_FSYNC;
  }
  return SQLITE_OK;
}

FaultVfs::FaultVfs() : state_(std::make_unique<State>()) {
  static std::atomic<int> count = 0;
  state_->name = "fault-" + std::to_string(++count);
  state_->real = sqlite3_vfs_find(nullptr);
  state_->vfs = *state_->real;
  state_->vfs.iVersion = 2;
  state_->vfs.pNext = nullptr;
  state_->vfs.zName = state_->name.c_str();
  state_->vfs.pAppData = state_.get();
  state_->vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state_->real->szOsFile;
  state_->vfs.xOpen = open_file;
  state_->vfs.xDelete = delete_file;
  CHECK(sqlite3_vfs_register(&state_->vfs, 0) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultVfs::name() const {
  return state_->name;
}

void FaultVfs::fail_nth(Call call, int64_t n, Fault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->fail_write_at = call == Call::Write ? state_->writes + n : 0;
  state_->fail_sync_at = call == Call::Sync ? state_->syncs + n : 0;
  state_->fault = fault;
  state_->fired = false;
}

void FaultVfs::cut_power_at_sync(int64_t n, Loss loss, uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  state_->cut_at = state_->syncs + n;
  state_->loss = loss;
  state_->seed = seed;
  state_->fired = false;
}

void FaultVfs::cut_power_now(Loss loss, uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  state_->loss = loss;
  state_->seed = seed;
  state_->cut();
}

void FaultVfs::restore_power() {
  const std::lock_guard lock(state_->mutex);
  state_->powered = true;
  state_->cut_at = 0;
}

void FaultVfs::fill_disk() {
  const std::lock_guard lock(state_->mutex);
  state_->full = true;
}

void FaultVfs::free_disk() {
  const std::lock_guard lock(state_->mutex);
  state_->full = false;
}

bool FaultVfs::fired() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fired;
}

int64_t FaultVfs::writes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->writes;
}

int64_t FaultVfs::syncs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->syncs;
}

}  // namespace charter::testing
