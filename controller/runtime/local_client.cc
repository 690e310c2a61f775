#include "controller/runtime/local_client.h"

#include "controller/api/resource_verbs.h"
#include "controller/object/labels.h"
#include "controller/runtime/local_client_watch.h"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace charter {
namespace {

/// Waits for a completion that may come at once (inline writer) or from the writer thread.
template <class T>
class Latch {
 public:
  void open(Result<T> outcome) {
    std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    opened_.notify_all();
  }
  Result<T> wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [&] { return outcome_.has_value(); });
    return std::move(*outcome_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::optional<Result<T>> outcome_;
};

Error not_served(const Gvr& gvr) {
  return Error{Code::NotFound, "the server could not find the requested resource " + gvr.resource +
                                   " in " + api_version_of(gvr.group, gvr.version)};
}

Error not_found(const ResourceType& type, const std::string& name) {
  Error error{Code::NotFound, type.qualified_resource() + " \"" + name + "\" not found"};
  error.subject = Subject{type.gvr.group, type.gvr.resource, name, ""};
  return error;
}

Result<ResourceTypePtr> find_type(const ApiParts& parts, const Gvr& gvr) {
  auto table = parts.kinds.table();
  const ResourceType* type = table->find(gvr);
  if (!type) return not_served(gvr);
  if (!type->storage) {
    return Error{Code::BadRequest, "version " + gvr.version + " of " + type->qualified_resource() +
                                       " is not the stored version: ask for that one"};
  }
  return ResourceTypePtr(table, type);  // keeps the whole table: it is immutable and soon replaced
}

const char* subresource_of(Part part) {
  switch (part) {
    case Part::Status:
      return "status";
    case Part::Finalize:
      return "finalize";
    case Part::Main:
      break;
  }
  return "";
}

WriteOptions options_of(const std::string& field_manager) {
  WriteOptions options;
  options.caller.user = "system:charter";
  options.caller.groups = {"system:masters"};
  options.caller.agent = field_manager;
  options.field_manager = field_manager;
  options.validation = FieldValidation::Strict;
  return options;
}

Result<ObjectPtr> object_of(Result<Written> written) {
  if (!written) return std::move(written.error());
  return std::move(written->object);
}

}  // namespace

LocalClient::LocalClient(ResourceVerbs& verbs, std::string field_manager)
    : verbs_(verbs), field_manager_(std::move(field_manager)) {}

Result<ObjectPtr> LocalClient::get(const Gvr& resource, const ObjectName& name) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  ObjectPtr object = verbs_.parts().store.get(type->bucket(), name);
  if (!object) return not_found(*type, name.name);
  return object;
}

Result<ObjectList> LocalClient::list(const Gvr& resource, const Selection& selection) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  CHARTER_TRY_ASSIGN(Chosen chosen, Chosen::parse(selection));
  ListRange range;
  range.ns = selection.ns;
  if (!chosen.everything()) {
    range.filter = [&](const Encoded& object) { return chosen.matches(object.header()); };
  }
  CHARTER_TRY_ASSIGN(ListPage page, verbs_.parts().store.list(type->bucket(), range));
  return ObjectList{page.revision, std::move(page.objects)};
}

Result<std::unique_ptr<Watch>> LocalClient::watch(const Gvr& resource, const Selection& selection,
                                                  int64_t version) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  CHARTER_TRY_ASSIGN(Chosen chosen, Chosen::parse(selection));
  return std::unique_ptr<Watch>(
      new LocalWatch(verbs_.parts().store, type->bucket(), std::move(chosen), version));
}

Result<ObjectPtr> LocalClient::create(const Gvr& resource, const Json& object) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  Latch<Written> latch;
  verbs_.create(type, text_at(object, {"metadata", "namespace"}), object,
                options_of(field_manager_),
                [&](Result<Written> written) { latch.open(std::move(written)); });
  return object_of(latch.wait());
}

Result<ObjectPtr> LocalClient::update(const Gvr& resource, const Json& object, Part part) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  const ObjectName name{text_at(object, {"metadata", "namespace"}),
                        text_at(object, {"metadata", "name"})};
  Latch<Written> latch;
  verbs_.update(type, name, object, subresource_of(part), options_of(field_manager_),
                [&](Result<Written> written) { latch.open(std::move(written)); });
  return object_of(latch.wait());
}

Status LocalClient::remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) {
  CHARTER_TRY_ASSIGN(ResourceTypePtr type, find_type(verbs_.parts(), resource));
  DeleteOptions options;
  options.uid = deletion.uid;
  if (deletion.version != 0) options.version = std::to_string(deletion.version);
  options.propagation = deletion.propagation;
  Latch<Deleted> latch;
  verbs_.remove(type, name, options, options_of(field_manager_),
                [&](Result<Deleted> deleted) { latch.open(std::move(deleted)); });
  CHARTER_TRY(latch.wait());
  return {};
}

}  // namespace charter
