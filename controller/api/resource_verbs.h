#pragma once

#include "controller/api/rule_cache.h"
#include "controller/base/random.h"
#include "controller/object/admit.h"
#include "controller/object/apply.h"
#include "controller/object/kind_registry.h"
#include "controller/store/store.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

// What every resource can do, for HTTP and for the in-process client alike: prune, default, validate, admit, track
// fields, compare-and-swap, durable. Knows no kind; a handful of rules for built-in kinds live in builtin_rules.
//
//   body ─> meta rules ─> prune ─> default ─> (users' webhooks) ─> validate ─> managed fields ─> admit ─> store.submit(guard) ─> done
//
// Thread contract: thread-safe. `done` runs on the caller's thread (errors found early, dry run, unchanged object) or on the writer;
// it must not block. An update that lost a race through no precondition of the caller is retried inside (kConflictRetriesMax).
namespace charter {

class Authorizer;
class HeavyWorkers;
class Webhooks;

using ResourceTypePtr = std::shared_ptr<const ResourceType>;

/// What to do about fields the schema does not know.
enum class FieldValidation { Ignore, Warn, Strict };
/// Whether a write is only tried out.
enum class DryRun { No, Yes };

/// Common to all writes.
struct WriteOptions {
  Caller caller;
  std::string field_manager;  ///< empty: from caller.agent, up to the first '/'
  FieldValidation validation = FieldValidation::Warn;
  DryRun dry_run = DryRun::No;
  std::vector<std::string> duplicates;  ///< repeated keys the parser found in the body
};

/// A finished write.
struct Written {
  ObjectPtr object;                   ///< as stored (dry run: as it would be; version 0 after a create)
  bool created = false;
  std::vector<std::string> warnings;  ///< for Warning headers
};
using WriteDone = std::function<void(Result<Written>)>;

/// The document types of PATCH.
enum class PatchType { JsonPatch, MergePatch, StrategicMerge, Apply };

/// DeleteOptions.
struct DeleteOptions {
  std::string uid;          ///< precondition
  std::string version;      ///< precondition, as sent
  std::string propagation;  ///< "", Background, Foreground, Orphan
};

/// The result of a delete: the object that stays (finalizers) or the one that is gone.
struct Deleted {
  ObjectPtr object;
  bool gone = true;
};
using DeleteDone = std::function<void(Result<Deleted>)>;

/// The parts this works with; all outlive it.
struct ApiParts {
  Store& store;
  KindRegistry& kinds;
  const HookTable& hooks;
  const Clock& clock;
  Random& random;
  HeavyWorkers* heavy = nullptr;  ///< where costly requests run; null: where they are asked
  const Authorizer* authorizer = nullptr;  ///< asked by admission; null: nobody asks who calls
  const Webhooks* webhooks = nullptr;      ///< users' own admission; null: none is called (a rehearsal)
  HeavyWorkers* waiting = nullptr;         ///< where writes wait for webhooks; null: where they are asked
  std::shared_ptr<RuleCache> rules = make_rule_cache();  ///< shared by all copies
};

/// Verbs that change objects. Reads go straight to the store.
class ResourceVerbs {
 public:
  explicit ResourceVerbs(ApiParts parts) : parts_(parts) {}

  /// POST. `ns` is the URL's namespace. generateName is filled in here.
  void create(const ResourceTypePtr& type, const std::string& ns, Json body, WriteOptions options, WriteDone done);
  /// PUT of the object or of `subresource` ("status", "finalize"; "scale" has its own document, see
  /// scale.h).
  void update(const ResourceTypePtr& type, const ObjectName& name, Json body, const std::string& subresource,
              WriteOptions options, WriteDone done);
  /// PATCH of the object or of "status".
  void patch(const ResourceTypePtr& type, const ObjectName& name, PatchType patch_type, Json patch, Force force,
             const std::string& subresource, WriteOptions options, WriteDone done);
  /// Turns the current tree into the wanted one; runs again after a lost race.
  using Edit = std::function<Result<Json>(const Json* current)>;
  /// Any other change of an existing object that the caller can say as a function (scale).
  void modify(const ResourceTypePtr& type, const ObjectName& name, const std::string& subresource, Edit edit,
              WriteOptions options, WriteDone done);
  /// DELETE of one object.
  void remove(const ResourceTypePtr& type, const ObjectName& name, const DeleteOptions& options,
              const WriteOptions& write, DeleteDone done);

  struct Change;

  const ApiParts& parts() const { return parts_; }

 private:
  ApiParts parts_;
};

}  // namespace charter
