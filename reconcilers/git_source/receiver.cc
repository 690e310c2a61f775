#include "reconcilers/git_source/receiver.h"

#include "controller/base/base64.h"
#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>

namespace charter::git_source {
namespace {

constexpr size_t kOutcomes = static_cast<size_t>(PushOutcome::Refused) + 1;
using Counters = std::array<Counter*, kOutcomes>;

Counters counters_in(Metrics& metrics) {
  Counters out{};
  for (size_t i = 0; i < kOutcomes; ++i) {
    out[i] = &metrics.counter("charter_gitsource_pushes_total",
                              "Calls of repositories' hosts that tell of a push, by outcome.",
                              {{"outcome", std::string(word_of(static_cast<PushOutcome>(i)))}});
  }
  return out;
}

std::string token_in(const ObjectPtr& secret) {
  if (!secret) return {};
  return decode_base64(text_at(secret->tree(), {"data", "token"})).value_or("");
}

/// What a call is judged by.
struct Known {
  ObjectPtr object, secret;  ///< that the rest was read from
  std::optional<GitSource> source;
  std::string token;
};
using KnownPtr = std::shared_ptr<const Known>;

/// Sources and their tokens, read once for each version: a source with thousands of objects would
/// otherwise be read for whoever calls, and the time would tell that there is one.
class KnownSources {
 public:
  KnownPtr find(const View& view, const std::string& name) {
    const ObjectPtr object = view.get(kinds::bucket(kinds::git_sources()), {"", name});
    const std::lock_guard lock(mutex_);
    if (!object || object->header().deleting) {
      known_.erase(name);
      return std::make_shared<Known>();
    }
    const KnownPtr last = known_[name];
    if (last && last->object == object && last->secret == secret_of(view, *last)) return last;
    // A new version is the time to let go of what has gone without a call.
    std::erase_if(known_, [&](const auto& entry) {
      return !view.get(kinds::bucket(kinds::git_sources()), {"", entry.first});
    });
    auto next = std::make_shared<Known>();
    next->object = object;
    if (auto source = read_git_source(object->tree())) next->source = std::move(*source);
    next->secret = secret_of(view, *next);
    next->token = token_in(next->secret);
    return known_[name] = std::move(next);
  }

 private:
  static ObjectPtr secret_of(const View& view, const Known& known) {
    if (!known.source || !known.source->spec.receiver) return nullptr;
    const NamespacedRef& ref = known.source->spec.receiver->secret;
    return view.get(kinds::bucket(kinds::secrets()), {ref.ns, ref.name});
  }

  std::mutex mutex_;
  std::map<std::string, KnownPtr> known_;  // of sources that there are; guarded by mutex_
};

}  // namespace

void Pushes::note(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  ++counts_[uid];
}

uint64_t Pushes::count(const std::string& uid) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(uid);
  return found == counts_.end() ? 0 : found->second;
}

void Pushes::forget(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  counts_.erase(uid);
}

std::string receiver_path(const std::string& source) {
  return "/receivers/" + kinds::git_sources().resource + "/" + source;
}

std::string receiver_problem(PushSender type, const NamespacedRef& ref, const ObjectPtr& secret) {
  const std::string name = "secret " + ref.ns + "/" + ref.name;
  if (!secret) return name + ": not found";
  const auto key = push_key(type, token_in(secret));
  return key ? std::string() : name + ": " + key.error().message;
}

Receiver push_receiver(std::shared_ptr<Pushes> pushes, std::function<void(const ObjectName&)> wake,
                       Metrics& metrics) {
  return [pushes = std::move(pushes), wake = std::move(wake),
          sources = std::make_shared<KnownSources>(),
          counters = counters_in(metrics)](const ReceivedCall& call) -> Result<std::string> {
    const KnownPtr known = sources->find(call.view, call.name);
    PushVerdict verdict = judge_push(known->source ? &*known->source : nullptr, known->token,
                                     call.headers, call.body);
    counters[static_cast<size_t>(verdict.outcome)]->increment();
    if (verdict.outcome == PushOutcome::Accepted) {
      pushes->note(known->source->meta.uid);
      wake({"", call.name});
    }
    return std::move(verdict.told);
  };
}

}  // namespace charter::git_source
