#pragma once

#include <memory>

#include "controller/api/meta_rules.h"
#include "controller/api/resource_verbs.h"

// The steps between a body and a store write, shared by create, update, patch and delete. Internal to the API.
namespace charter {

/// One write on its way. Shared so that a lost race can run it again.
struct ResourceVerbs::Change : std::enable_shared_from_this<ResourceVerbs::Change> {
  /// What kind of request this is; it decides preconditions and the form of some errors.
  enum class Form { Create, Update, Patch, Apply };

  Change(const ApiParts& api_parts, ResourceTypePtr resource_type) : parts(api_parts), type(std::move(resource_type)) {}

  ApiParts parts;
  ResourceTypePtr type;
  ObjectName name;          ///< on create only the namespace
  std::string subresource;
  Form form = Form::Update;
  WriteOptions options;
  Edit edit;                ///< current tree (null: absent) → wanted tree
  WriteDone done;
  bool generated_name = false;  ///< a taken name is drawn again
  bool may_wait = false;        ///< on a thread that may block for webhooks, if any is concerned
  int attempts = 0;

  FieldManager manager() const;
};

/// A tree that passed every check and what to tell the client about it.
struct Checked {
  std::shared_ptr<Json> tree;
  std::shared_ptr<Json> asked;  ///< before webhooks changed it: what the caller himself wrote; null: they did not
  std::vector<std::string> warnings;
};

/// Unknown and repeated fields of a body: refused, reported or dropped in silence (kubernetes.md 4.3).
Status judge_fields(const ResourceType& type, const WriteOptions& options, const std::vector<std::string>& unknown,
                    std::vector<std::string>& warnings);

/// prune → default → complete → users' mutating webhooks → validate. Errors as kube words them.
Result<Checked> check_tree(ResourceVerbs::Change& change, Json tree, const Json* before);

/// Notes who owns the fields that the caller wrote (not those that webhooks did). Not for applies, which have done it.
void track(const ResourceVerbs::Change& change, Checked& checked, const Json* before);

/// The kind's own rules (not for /status), then users' validating webhooks.
Status admit(const ResourceVerbs::Change& change, const Json* object, const Json* before, std::vector<std::string>& warnings);

/// The kind's guard, plus the namespace check for creates, bound to the tree it judges.
Guard make_guard(const std::shared_ptr<ResourceVerbs::Change>& change, std::shared_ptr<const Json> object,
                 std::shared_ptr<const Json> before);

/// Puts this resource's names into a store error that has none.
Error name_store_error(const ResourceType& type, const std::string& name, Error error);

}  // namespace charter
