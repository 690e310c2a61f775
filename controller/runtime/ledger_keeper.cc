#include "controller/runtime/ledger_keeper.h"

#include "controller/base/log.h"
#include "controller/object/view.h"

#include <nlohmann/json.hpp>

#include <set>
#include <utility>

namespace charter {
namespace {

constexpr Duration kRetry = std::chrono::seconds(1);
constexpr int kTriesMax = 60;  // then the object's next change, or the next term, records it

}  // namespace

LedgerKeeper::LedgerKeeper(Manager& manager, MeteringParts parts, std::vector<Gvr> metered)
    : manager_(manager),
      parts_(std::move(parts)),
      metered_(std::move(metered)),
      client_(manager.client_for("charter-ledger")) {
  for (const Gvr& resource : metered_) {
    const auto informer = manager_.caches().require(resource);
    const MeterOf* meter =
        &parts_.hooks.find(bucket_of(resource.group, resource.resource))->second.meter;
    const int id = informer->add_handler([this, meter](const ObjectChange& change) {
      const std::lock_guard lock(mutex_);
      if (!running_) return;
      waiting_.push_back({meter, change.after ? change.after : change.before, !change.after});
      signal_->wake();
    });
    handlers_.emplace_back(informer, id);
  }
}

LedgerKeeper::~LedgerKeeper() {
  stop();
  for (const auto& [informer, id] : handlers_)
    informer->remove_handler(id);
}

Status LedgerKeeper::record(const Seen& seen) {
  const std::string& uid = seen.object->header().uid;
  CHARTER_TRY(parts_.ledger.record(uid, (*seen.meter)(seen.object->bare_tree())));
  if (!seen.gone) return {};
  return parts_.ledger.record_end(uid, ledger_second(parts_.clock));
}

Status LedgerKeeper::catch_up() {
  // Before the objects: one that begins in between is on record with an object that is not listed.
  CHARTER_TRY_ASSIGN(const auto lasting, parts_.ledger.open_subjects());
  std::set<std::string> there;
  for (const Gvr& resource : metered_) {
    CHARTER_TRY_ASSIGN(const ObjectList list, client_->list(resource, {}));
    const MeterOf& meter =
        parts_.hooks.find(bucket_of(resource.group, resource.resource))->second.meter;
    for (const ObjectPtr& object : list.objects) {
      there.insert(object->header().uid);
      CHARTER_TRY(record({&meter, object, false}));
    }
  }
  for (const std::string& uid : lasting) {
    if (there.contains(uid)) continue;
    log_warn("ledger", "what it was charged for is gone: its interval ends now", {{"uid", uid}});
    CHARTER_TRY(parts_.ledger.record_end(uid, ledger_second(parts_.clock)));
  }
  return {};
}

void LedgerKeeper::start() {
  {
    const std::lock_guard lock(mutex_);
    if (running_) return;
    running_ = true;
  }
  thread_ = std::thread([this] { run(); });
}

void LedgerKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  signal_->end();
  if (thread_.joinable()) thread_.join();
}

void LedgerKeeper::run() {
  std::optional<Duration> pause;
  while (signal_->wait(pause)) {
    pause.reset();
    for (;;) {
      Seen next;
      {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty() || signal_->ended()) break;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      const Status recorded = record(next);
      if (recorded) continue;
      log_error("ledger", "a state is not recorded yet",
                {{"uid", next.object->header().uid}, {"error", recorded.error().message}});
      // In order: an object's end must not be recorded before what it said.
      if (recorded.error().code == Code::Conflict || ++next.tries >= kTriesMax) continue;
      const std::lock_guard lock(mutex_);
      waiting_.push_front(std::move(next));
      pause = kRetry;
      break;
    }
  }
}

}  // namespace charter
