#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/base/clock.h"
#include "controller/object/document_read.h"
#include "controller/object/ledger.h"
#include "controller/object/view.h"

// Admission by kind: how a kind's rules beyond its schema enter the generic API server. Registered once before
// the server starts; the same functions are served as webhooks in operator mode and called by `charter plan`.
namespace charter {

/// The authenticated caller.
struct Caller {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::string agent;  ///< User-Agent, for the default field manager
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;  ///< more that the authenticator knows
};

/// UserInfo of authentication.k8s.io/v1.
Json user_info(const Caller& caller);

/// What is about to be written.
struct AdmitRequest {
  enum class Operation { Create, Update, Delete };
  Operation operation = Operation::Create;
  std::string subresource;        ///< "", "status" or "scale"
  const Json* object = nullptr;   ///< after defaulting and validation; null on Delete
  const Json* before = nullptr;   ///< null on Create
  Caller caller;
  Instant now;
  std::vector<std::string>* warnings = nullptr;  ///< shown to the client as Warning headers
  /// Whether the caller holds a verb of the kind's own on this very object ("accept", "terminate" …): for fields of one
  /// resource that different people may change, as `bind` and `approve` are in Kubernetes. Empty where nobody asks who calls (a
  /// rehearsal, a test of the rules alone).
  std::function<bool(std::string_view verb)> may = {};
  bool permits(std::string_view verb) const { return !may || may(verb); }
};

/// Allows (success) or refuses (Error: Invalid with causes and field paths, or Forbidden). Pure: reads only its arguments.
using Admit = std::function<Status(const AdmitRequest&, const View&)>;

/// An object of a bucket.
struct ObjectKey {
  std::string bucket;
  ObjectName name;
  bool operator==(const ObjectKey&) const = default;
};

/// What a kind registers with the runtime; every member may be empty.
struct KindHooks {
  /// Rules checked before the write is queued, on the newest snapshot. Runs for spec writes and deletes, not for status.
  Admit admit;
  /// Rules that two parallel writes must not both pass (limits): checked inside the store's turn.
  Admit guard;
  /// Index fields of an object: sorted path → value pairs kept in its header, for guards, field selectors and informer indexes.
  std::function<Pairs(const Json&)> index;
  /// What a new object gets in metadata.finalizers: its reconciler cleans up after it, and need not
  /// write first to say so.
  std::vector<std::string> finalizers;
  /// What its status says it is charged for; written into the ledger together with that status.
  MeterOf meter;
  /// Read-only subresources, by name.
  std::map<std::string, DocumentRead> documents;
  /// The object whose limit the guard judges a write by, or nothing when the write takes nothing more. Asked only where the
  /// guard is not part of the store's turn (webhooks): there decisions about one limit are ordered on it. The guard MUST then
  /// count by header fields alone.
  std::function<std::optional<ObjectKey>(const AdmitRequest&, const View&)> limited_by = {};
};

/// Hooks by "group/resource". Filled at start, read-only afterwards.
using HookTable = std::map<std::string, KindHooks, std::less<>>;

}  // namespace charter
