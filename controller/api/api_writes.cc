#include <mutex>

#include <nlohmann/json.hpp>

#include "controller/api/api_call.h"
#include "controller/api/list_options.h"
#include "controller/api/read_verbs.h"
#include "controller/api/request_options.h"
#include "controller/api/scale.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/patch.h"

// The writing half of ApiServer: bodies and options in, verbs, answers out.
namespace charter {
namespace {

constexpr size_t kSweepInFlight = 256;  // deletes of one collection under way at once

/// DELETE of a collection: objects are removed one by one, a bounded number at a time, and the answer is the list as it was.
struct Sweep : std::enable_shared_from_this<Sweep> {
  ResourceVerbs& verbs;
  ResourceTypePtr type;
  std::vector<ObjectPtr> objects;
  DeleteOptions options;
  WriteOptions write;
  std::function<void(std::optional<Error>)> done;
  std::mutex mutex;
  size_t next = 0;
  size_t finished = 0;
  bool pumping = false;
  std::optional<Error> failure;

  explicit Sweep(ResourceVerbs& resource_verbs) : verbs(resource_verbs) {}

  void start() {
    if (objects.empty()) return done(std::nullopt);
    pump();
  }

  /// Starts deletes up to the bound. An answer that comes at once (the object is on its way out already) must not start the
  /// next delete from inside this one: a hundred thousand of them would be as many frames deep.
  void pump() {
    std::unique_lock lock(mutex);
    if (pumping) return;
    pumping = true;
    while (next < objects.size() && next - finished < kSweepInFlight) {
      const ObjectPtr object = objects[next++];
      lock.unlock();
      const Header& header = object->header();
      verbs.remove(type, {header.ns, header.name}, options, write,
                   [self = shared_from_this()](const Result<Deleted>& result) { self->finish(result); });
      lock.lock();
    }
    pumping = false;
  }

  void finish(const Result<Deleted>& result) {
    bool last = false;
    {
      const std::lock_guard lock(mutex);
      if (!result && result.error().code != Code::NotFound && !failure) failure = result.error();
      last = ++finished == objects.size();
    }
    if (last) return done(failure);
    pump();
  }
};

Json success_status(const ResourceType& type, const Header& header) {
  Json details = {{"name", header.name}, {"kind", type.gvr.resource}, {"uid", header.uid}};
  if (!type.gvr.group.empty()) details["group"] = type.gvr.group;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

}  // namespace

WriteDone ApiServer::write_done(const CallPtr& call) {
  return [this, call](Result<Written> result) {
    if (!result) return call->respond(status_response(result.error()));
    if (call->audited) Audit::name_object(*call->audited, result->object->header());
    const int status = result->created ? 201 : 200;
    HttpResponse response =
        call->route.subresource == "scale"
            ? document_response(200, scale_of(*call->type, result->object->tree()), call->shape)
            : object_response(status, *call->type, result->object, call->shape, call->include, parts_.clock.now());
    add_warnings(response, result->warnings);
    call->respond(std::move(response));
  };
}

Status ApiServer::create(const CallPtr& call) {
  if (!call->route.name.empty()) {
    return Error{Code::MethodNotAllowed, "the server does not allow this method on the requested resource"};
  }
  CHARTER_TRY_ASSIGN(WriteOptions options, read_write_options(call->route, call->caller, "CreateOptions"));
  CHARTER_TRY_ASSIGN(Json body, read_body(call->request, call->type->kind, &options.duplicates,
                                          protobuf_form(*call->type, call->route.subresource)));
  verbs_.create(call->type, call->route.ns, std::move(body), std::move(options), write_done(call));
  return {};
}

Status ApiServer::update(const CallPtr& call) {
  CHARTER_TRY_ASSIGN(WriteOptions options, read_write_options(call->route, call->caller, "UpdateOptions"));
  CHARTER_TRY_ASSIGN(Json body, read_body(call->request, call->type->kind, &options.duplicates,
                                          protobuf_form(*call->type, call->route.subresource)));
  verbs_.update(call->type, call->name(), std::move(body), call->route.subresource,
                std::move(options), write_done(call));
  return {};
}

Status ApiServer::patch(const CallPtr& call) {
  CHARTER_TRY_ASSIGN(WriteOptions options, read_write_options(call->route, call->caller, "PatchOptions"));
  CHARTER_TRY_ASSIGN(const PatchType patch_type, read_patch_type(call->request, *call->type));
  CHARTER_TRY_ASSIGN(const Force force, read_force(call->route, patch_type, options));
  auto parsed = patch_type == PatchType::Apply ? parse_yaml(call->request.body, &options.duplicates)
                                               : parse_json(call->request.body, &options.duplicates);
  if (!parsed) return Error{Code::BadRequest, "error decoding patch: " + parsed.error().message};
  verbs_.patch(call->type, call->name(), patch_type, std::move(*parsed), force,
               call->route.subresource, std::move(options), write_done(call));
  return {};
}

Status ApiServer::scale(const CallPtr& call) {
  const bool is_patch = call->route.verb == Route::Verb::Patch;
  CHARTER_TRY_ASSIGN(WriteOptions options,
                     read_write_options(call->route, call->caller, is_patch ? "PatchOptions" : "UpdateOptions"));
  PatchType patch_type = PatchType::MergePatch;
  if (is_patch) {
    CHARTER_TRY_ASSIGN(patch_type, read_patch_type(call->request, *call->type));
  }
  CHARTER_TRY(read_force(call->route, patch_type, options));
  auto body = std::make_shared<Json>();
  CHARTER_TRY_ASSIGN(*body, !is_patch                        ? read_body(call->request, "Scale")
                            : patch_type == PatchType::Apply ? parse_yaml(call->request.body)
                                                             : parse_json(call->request.body));
  const auto edit = [type = call->type, is_patch, patch_type, body](const Json* current) -> Result<Json> {
    Json wanted = *body;
    if (is_patch) {
      const Json now = scale_of(*type, *current);
      CHARTER_TRY_ASSIGN(wanted, patch_type == PatchType::JsonPatch ? apply_json_patch(now, *body) : apply_merge_patch(now, *body));
    }
    return with_scale(*type, *current, wanted);
  };
  verbs_.modify(call->type, call->name(), "scale", edit, std::move(options), write_done(call));
  return {};
}

Status ApiServer::remove(const CallPtr& call) {
  if (!call->route.subresource.empty()) {
    return Error{Code::MethodNotAllowed, "the server does not allow this method on the requested resource"};
  }
  CHARTER_TRY_ASSIGN(WriteOptions write, read_write_options(call->route, call->caller, "DeleteOptions"));
  CHARTER_TRY_ASSIGN(const DeleteOptions options, read_delete_options(call->request, call->route, write));
  verbs_.remove(call->type, call->name(), options, write, [this, call](Result<Deleted> result) {
    if (!result) return call->respond(status_response(result.error()));
    if (call->audited) Audit::name_object(*call->audited, result->object->header());
    if (!result->gone) {
      return call->respond(object_response(200, *call->type, result->object, call->shape, call->include, parts_.clock.now()));
    }
    Representation plain = call->shape;
    plain.as = Representation::As::Object;
    call->respond(document_response(200, success_status(*call->type, result->object->header()), plain));
  });
  return {};
}

Status ApiServer::remove_collection(const CallPtr& call) {
  CHARTER_TRY_ASSIGN(const ListOptions options, parse_list_options(call->route, *call->type, ListUse::List));
  auto sweep = std::make_shared<Sweep>(verbs_);
  CHARTER_TRY_ASSIGN(sweep->write, read_write_options(call->route, call->caller, "DeleteOptions"));
  CHARTER_TRY_ASSIGN(sweep->options, read_delete_options(call->request, call->route, sweep->write));
  CHARTER_TRY_ASSIGN(ListBody listed, read_list(parts_.store, *call->type, call->route.ns, options));
  auto body = std::make_shared<ListBody>(std::move(listed));
  sweep->type = call->type;
  sweep->objects = body->page.objects;
  sweep->done = [this, call, body](std::optional<Error> failure) {
    if (failure) return call->respond(status_response(*failure));
    call->respond(list_response(*body, call->shape, call->include, parts_.clock.now()));
  };
  sweep->start();
  return {};
}

}  // namespace charter
