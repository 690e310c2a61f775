#include "controller/api/request_options.h"

#include "controller/api/builtin_rules.h"
#include "controller/api/media_type.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

Error unsupported(const std::string& accepted) {
  return {Code::UnsupportedMediaType,
          "the body of the request was in an unknown format - accepted media types include: " + accepted};
}

Error bad_option(const std::string& options_kind, Cause cause) {
  return invalid(options_kind + ".meta.k8s.io", nullptr, "", {std::move(cause)});
}

std::string quoted(std::string_view text) { return encode(Json(text)); }

Result<DryRun> read_dry_run(std::string_view value, const std::string& options_kind) {
  if (value.empty()) return DryRun::No;
  if (value == "All") return DryRun::Yes;
  return bad_option(options_kind, {"FieldValueNotSupported",
                                   "Unsupported value: [" + quoted(value) + "]: supported values: \"All\"", "dryRun"});
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

Result<Json> read_body(const HttpRequest& request, const std::string& kind,
                       std::vector<std::string>* duplicates, PlainProtobuf protobuf) {
  const std::string type = bare_media_type(request.header("content-type"));
  if (type == kProtobufMediaType) {
    if (protobuf == PlainProtobuf::Unavailable)
      return unsupported("application/json, application/yaml");
    return decode_protobuf(request.body, kind);
  }
  const bool json = type.empty() || type == "application/json" || type == "*/*";
  if (!json && type != "application/yaml") {
    return unsupported("application/json, application/yaml, " + std::string(kProtobufMediaType));
  }
  auto tree = json ? parse_json(request.body, duplicates) : parse_yaml(request.body, duplicates);
  if (!tree) {
    return Error{Code::BadRequest, "the object provided is unrecognized (must be of type " + kind +
                                       "): couldn't get version/kind; json parse error: " + tree.error().message};
  }
  return tree;
}

PlainProtobuf protobuf_form(const ResourceType& type, std::string_view subresource) {
  const auto form = [](bool has) {
    return has ? PlainProtobuf::Available : PlainProtobuf::Unavailable;
  };
  if (subresource == "scale") return form(has_protobuf("autoscaling/v1", "Scale"));
  if (subresource == "token" && has_token(type))
    return form(has_protobuf("authentication.k8s.io/v1", "TokenRequest"));
  return form(type.builtin &&
              has_protobuf(api_version_of(type.gvr.group, type.gvr.version), type.kind));
}

Result<WriteOptions> read_write_options(const Route& route, const Caller& caller, const std::string& options_kind) {
  WriteOptions out;
  out.caller = caller;
  out.field_manager = route.param("fieldManager");
  if (out.field_manager.size() > limits::kManagerNameBytesMax) {
    return bad_option(options_kind, {"FieldValueTooLong", "Too long: may not be more than " +
                                     std::to_string(limits::kManagerNameBytesMax) + " bytes", "fieldManager"});
  }
  if (!is_printable(out.field_manager)) {
    return bad_option(options_kind, {"FieldValueInvalid", "Invalid value: should only contain printable characters", "fieldManager"});
  }
  const std::string_view validation = route.param("fieldValidation");
  if (validation == "Strict") {
    out.validation = FieldValidation::Strict;
  } else if (validation == "Ignore") {
    out.validation = FieldValidation::Ignore;
  } else if (!validation.empty() && validation != "Warn") {
    return bad_option(options_kind, {"FieldValueNotSupported", "Unsupported value: " + quoted(validation) +
                                     ": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", "fieldValidation"});
  }
  CHARTER_TRY_ASSIGN(out.dry_run, read_dry_run(route.param("dryRun"), options_kind));
  return out;
}

Result<PatchType> read_patch_type(const HttpRequest& request, const ResourceType& type) {
  const std::string media = bare_media_type(request.header("content-type"));
  if (media == "application/json-patch+json") return PatchType::JsonPatch;
  if (media == "application/merge-patch+json") return PatchType::MergePatch;
  if (media == "application/apply-patch+yaml") return PatchType::Apply;
  if (media == "application/strategic-merge-patch+json" && type.builtin) return PatchType::StrategicMerge;
  return unsupported(std::string("application/json-patch+json, application/merge-patch+json, ") +
                     (type.builtin ? "application/strategic-merge-patch+json, " : "") + "application/apply-patch+yaml");
}

Result<Force> read_force(const Route& route, PatchType patch_type, const WriteOptions& options) {
  const std::string_view force = route.param("force");
  if (!force.empty() && force != "true" && force != "false") {
    return Error{Code::BadRequest, "force: Invalid value: " + quoted(force) + ": must be true or false"};
  }
  if (patch_type != PatchType::Apply) {
    if (!force.empty()) {
      return bad_option("PatchOptions", {"FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"});
    }
    return Force::No;
  }
  if (options.field_manager.empty()) {
    return bad_option("PatchOptions", {"FieldValueRequired", "Required value: is required for apply patch", "fieldManager"});
  }
  return force == "true" ? Force::Yes : Force::No;
}

Result<DeleteOptions> read_delete_options(const HttpRequest& request, const Route& route, WriteOptions& write) {
  DeleteOptions out;
  out.propagation = route.param("propagationPolicy");
  if (request.body.empty()) return out;
  CHARTER_TRY_ASSIGN(const Json body, read_body(request, "DeleteOptions"));
  if (!body.is_object()) return Error{Code::BadRequest, "DeleteOptions: the body is not an object"};
  const std::string kind = text_at(body, {"kind"});
  if (!kind.empty() && kind != "DeleteOptions") {
    return Error{Code::BadRequest, "the body of a delete must be DeleteOptions, not " + kind};
  }
  const std::string policy = text_at(body, {"propagationPolicy"});
  if (!policy.empty()) out.propagation = policy;
  if (flag_at(body, {"orphanDependents"}, false)) out.propagation = "Orphan";
  out.uid = text_at(body, {"preconditions", "uid"});
  out.version = text_at(body, {"preconditions", "resourceVersion"});
  const Json* dry_run = at(body, {"dryRun"});
  if (dry_run && dry_run->is_array() && !dry_run->empty()) {
    const Json& first = dry_run->front();
    CHARTER_TRY_ASSIGN(write.dry_run, read_dry_run(first.is_string() ? first.get<std::string>() : encode(first), "DeleteOptions"));
  }
  return out;
}

}  // namespace charter
