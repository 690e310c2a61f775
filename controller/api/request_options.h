#pragma once

#include "controller/api/http_types.h"
#include "controller/api/media_type.h"
#include "controller/api/resource_verbs.h"
#include "controller/api/router.h"

// Bodies and query parameters of writes, checked as kube-apiserver checks them (kubernetes.md 3.5, 4.1–4.6). Pure.
namespace charter {

/// Reads a JSON, YAML or protobuf body by its Content-Type (absent: JSON); keys that came twice go
/// to `duplicates` if given. `protobuf` says whether the kind has that form. Errors:
/// UnsupportedMediaType, BadRequest naming `kind`.
Result<Json> read_body(const HttpRequest& request, const std::string& kind,
                       std::vector<std::string>* duplicates = nullptr,
                       PlainProtobuf protobuf = PlainProtobuf::Available);

/// Whether objects of `type` (or the documents of its subresource, when there is one with documents
/// of its own) have a protobuf form.
PlainProtobuf protobuf_form(const ResourceType& type, std::string_view subresource);

/// fieldManager, fieldValidation, dryRun. `options_kind` names the document in errors ("CreateOptions", "PatchOptions" …).
Result<WriteOptions> read_write_options(const Route& route, const Caller& caller, const std::string& options_kind);

/// The patch type of a Content-Type. Errors: UnsupportedMediaType listing what `type` accepts.
Result<PatchType> read_patch_type(const HttpRequest& request, const ResourceType& type);

/// fieldManager and force rules of PATCH. Errors: Invalid.
Result<Force> read_force(const Route& route, PatchType patch_type, const WriteOptions& options);

/// DeleteOptions from body and query; `write` receives dryRun.
Result<DeleteOptions> read_delete_options(const HttpRequest& request, const Route& route, WriteOptions& write);

}  // namespace charter
