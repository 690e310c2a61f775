#pragma once

#include "controller/object/object.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

// How reconcilers and controllers reach the API: in-process (local_client) or a kube-apiserver
// (rest_client). Same semantics: validated, admitted, optimistic concurrency by resourceVersion.
// Every call blocks until the answer (a write: until it is durable); never called on a wire or
// writer thread. Thread-safe. Errors carry Kubernetes' codes.
namespace charter {

// g++ 12 takes a scoped enumerator for a shadowing declaration.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
/// Which part of an object a write changes.
enum class Part { Main, Status, Finalize };
#pragma GCC diagnostic pop

/// What to list or watch.
struct Selection {
  std::string ns;  ///< empty: all
  std::string label_selector;
  std::string field_selector;
};

/// A list at one resourceVersion.
struct ObjectList {
  int64_t version = 0;
  std::vector<ObjectPtr> objects;
};

/// One change seen by a watch.
struct WatchEvent {
  enum class Kind { Added, Modified, Deleted, Bookmark };
  Kind kind = Kind::Added;
  ObjectPtr object;  ///< null for Bookmark
  int64_t version = 0;
};

/// A running watch. One reader at a time.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Events that are ready now, at most `max`; empty when there are none. Errors: Expired
  /// (re-list), Timeout (ended in its time: watch again from the newest version), or what broke the
  /// stream.
  virtual Result<std::vector<WatchEvent>> take(size_t max) = 0;
  /// Called, from any thread, when `take` may return something again. Set once.
  virtual void on_ready(std::function<void()> ready) = 0;
};

/// Options of a delete.
struct Deletion {
  std::string uid;          ///< precondition; empty: none
  int64_t version = 0;      ///< precondition; 0: none
  std::string propagation;  ///< "", "Background", "Foreground", "Orphan"
};

/// The API as its users see it.
class Client {
 public:
  virtual ~Client() = default;
  virtual Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) = 0;
  virtual Result<ObjectList> list(const Gvr& resource, const Selection& selection) = 0;
  /// Watches from just after `version`.
  virtual Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                               int64_t version) = 0;
  /// `object` has metadata.name or generateName; its namespace decides where.
  virtual Result<ObjectPtr> create(const Gvr& resource, const Json& object) = 0;
  /// Replaces; metadata.resourceVersion in `object` is the precondition. Part::Status writes only
  /// .status, Part::Finalize only a Namespace's .spec.finalizers.
  virtual Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) = 0;
  virtual Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) = 0;
};

}  // namespace charter
