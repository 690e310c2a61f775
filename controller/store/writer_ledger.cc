#include "controller/base/check.h"
#include "controller/base/log.h"
#include "controller/store/ledger_limits.h"
#include "controller/store/writer.h"

#include <future>
#include <memory>
#include <utility>

// The writer's part in metering: entries go into the transaction of the write that caused them, and
// readers are let in between two turns, because the connection is the writer's alone.
namespace charter {

/// False when the write is refused: nothing of it is in the transaction then.
bool Writer::judge_ledger(Pending& pending) {
  std::optional<Error> refusal;
  DbCode code = DbCode::Ok;
  if (pending.write.ledger.size() > limits::kLedgerEdgesMax) {
    refusal = Error{Code::Invalid, "ledger: more than " + std::to_string(limits::kLedgerEdgesMax) +
                                       " entries in one write"};
  } else {
    code = log_.ledger()->judge(pending.write.ledger, refusal);
  }
  if (code != DbCode::Ok) refusal = Error{Code::InternalError, "the ledger cannot be read"};
  if (!refusal) return true;
  log_error("store", "ledger entry refused",
            {{"object", to_string(pending.write.key.name)}, {"error", refusal->message}});
  pending.accepted = false;
  pending.outcome = *std::move(refusal);
  return false;
}

DbCode Writer::append_ledger(const Write& write) {
  for (const LedgerEdge& edge : write.ledger) {
    if (const DbCode code = log_.ledger()->append(edge); code != DbCode::Ok) return code;
  }
  return DbCode::Ok;
}

std::future<Status> Writer::begin_look(std::function<DbCode(LedgerTable&)> look) {
  const auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = promise->get_future();
  auto run = [this, promise, look = std::move(look)] {
    const DbCode code = look(*log_.ledger());
    promise->set_value(
        code == DbCode::Ok ? Status() : Error{Code::InternalError, "the ledger cannot be read"});
  };
  if (options_.mode == WriterMode::Inline) {
    const std::lock_guard inside(inline_mutex_);
    CHECK_MSG(!in_transaction_, "a guard must not look into the ledger");
    run();
    return outcome;
  }
  CHECK_MSG(std::this_thread::get_id() != thread_.get_id(), "the writer would wait for itself");
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || failed_) {
      promise->set_value(Error{Code::ServiceUnavailable, "the store is stopping", {}, {}, {}, 1});
      return outcome;
    }
    looks_.push_back(std::move(run));
  }
  wake_.notify_one();
  return outcome;
}

Status Writer::inspect(std::function<DbCode(LedgerTable&)> look) {
  return begin_look(std::move(look)).get();
}

/// What was queued is run also while stopping: somebody waits for it.
void Writer::run_looks(std::unique_lock<std::mutex>& lock) {
  if (looks_.empty()) return;
  std::function<void()> look = std::move(looks_.front());
  looks_.pop_front();
  lock.unlock();
  look();
  lock.lock();
}

}  // namespace charter
