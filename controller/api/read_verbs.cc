#include "controller/api/read_verbs.h"

#include "controller/api/answer_syntax.h"
#include "controller/api/page_token.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/conversion.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

std::string list_metadata(const ListBody& body) {
  std::string out = "{";
  if (!body.continue_token.empty()) out += "\"continue\":" + encode(Json(body.continue_token)) + ",";
  if (body.page.more && body.page.remaining > 0)
    out += "\"remainingItemCount\":" + std::to_string(body.page.remaining) + ",";
  return out + "\"resourceVersion\":\"" + std::to_string(body.page.revision) + "\"}";
}

/// Lists of custom resources have a continue token even when nothing follows.
std::string plain_list_metadata(const ListBody& body) {
  const std::string out = list_metadata(body);
  return body.type.builtin || !body.continue_token.empty() ? out : "{\"continue\":\"\"," + out.substr(1);
}

HttpResponse json_response(int status, std::vector<Bytes> body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

HttpResponse plain_list(const ListBody& body) {
  std::vector<Bytes> pieces;
  pieces.reserve(body.page.objects.size() * 2 + 2);
  pieces.push_back(Bytes::own("{\"apiVersion\":\"" + api_version_of(body.type.gvr.group, body.type.gvr.version) + "\",\"items\":["));
  bool first = true;
  for (const ObjectPtr& object : body.page.objects) {
    if (!first) pieces.push_back({nullptr, ","});
    first = false;
    pieces.push_back({object, object->bytes()});
  }
  pieces.push_back(Bytes::own("],\"kind\":\"" + body.type.list_kind + "\",\"metadata\":" + plain_list_metadata(body) + "}\n"));
  return json_response(200, std::move(pieces));
}

HttpResponse table_list(const ListBody& body, const Representation& shape, IncludeObject include, Instant now) {
  const TableWriter writer(body.type, shape, include);
  std::vector<Bytes> pieces;
  pieces.reserve(body.page.objects.size() * 4 + 2);
  pieces.push_back(Bytes::own(writer.head(list_metadata(body), TableWriter::Columns::Shown)));
  bool first = true;
  for (const ObjectPtr& object : body.page.objects) {
    if (!first) pieces.push_back({nullptr, ","});
    first = false;
    writer.append_row(object, now, pieces);
  }
  pieces.push_back({nullptr, TableWriter::kTail});
  pieces.push_back({nullptr, "\n"});
  return json_response(200, std::move(pieces));
}

HttpResponse partial_list(const ListBody& body) {
  std::vector<Bytes> pieces;
  pieces.reserve(body.page.objects.size() * 4 + 2);
  pieces.push_back(Bytes::own(
      "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":" +
      list_metadata(body) + ",\"items\":["));
  bool first = true;
  for (const ObjectPtr& object : body.page.objects) {
    if (!first) pieces.push_back({nullptr, ","});
    first = false;
    append_partial_object(object, pieces);
  }
  pieces.push_back({nullptr, "]}\n"});
  return json_response(200, std::move(pieces));
}

/// The list as protobuf, item by item.
Result<std::string> binary_list(const ListBody& body, const Representation& shape) {
  const bool partial = shape.as == Representation::As::Partial;
  CHARTER_TRY_ASSIGN(const Json metadata, parse_json(list_metadata(body)));
  const Gvr& gvr = body.type.gvr;
  CHARTER_TRY_ASSIGN(
      ProtobufList list,
      partial ? ProtobufList::begin("meta.k8s.io/v1", "PartialObjectMetadataList", metadata)
              : ProtobufList::begin(api_version_of(gvr.group, gvr.version), body.type.list_kind,
                                    metadata));
  for (const ObjectPtr& object : body.page.objects) {
    if (!partial) {
      CHARTER_TRY(list.add(object->tree()));
      continue;
    }
    std::vector<Bytes> pieces;
    append_partial_object(object, pieces);
    CHARTER_TRY_ASSIGN(const Json item, tree_of(pieces));
    CHARTER_TRY(list.add(item));
  }
  return list.finish();
}

}  // namespace

Status check_not_future(const Store& store, int64_t version) {
  const int64_t current = store.revision();
  if (version <= current) return {};
  Error error{Code::Timeout, "Timeout: Too large resource version: " + std::to_string(version) + ", current: " +
                                 std::to_string(current)};
  error.causes = {{"ResourceVersionTooLarge", "Too large resource version", ""}};
  error.retry_after_s = 1;
  return error;
}

Result<ListBody> read_list(const Store& store, const ResourceType& type, const std::string& ns, const ListOptions& options) {
  ListRange range;
  range.ns = ns;
  range.limit = options.limit;
  const bool filtered = !options.labels.empty() || !options.fields.empty();
  if (filtered) range.filter = [&options](const Encoded& object) { return matches(options, object); };
  if (options.continued) {
    if (options.at_revision > store.revision()) {
      return Error{Code::BadRequest, "continue key is not valid: invalid continue token: its revision was never reached"};
    }
    range.at_revision = options.at_revision;
    range.after = options.after;
  } else if (options.version && *options.version > 0) {
    CHARTER_TRY(check_not_future(store, *options.version));
    if (options.match == ListOptions::Match::Exact) range.at_revision = *options.version;
  } else if (options.version) {
    range.limit = 0;  // resourceVersion=0 answers from the cache, whole
  }
  // A single named object needs no scan.
  const std::string* name = options.fields.required_value("metadata.name");
  if (name && range.at_revision == 0 && range.after.name.empty() && (!ns.empty() || !type.namespaced)) {
    ListBody body{type, {}, {}};
    body.page.revision = store.revision();
    const ObjectPtr object = store.get(type.bucket(), {ns, *name});
    if (object && matches(options, *object)) body.page.objects.push_back(in_version(type, object));
    return body;
  }
  ListBody body{type, {}, {}};
  CHARTER_TRY_ASSIGN(body.page, store.list(type.bucket(), range));
  if (body.page.more && !body.page.objects.empty()) {
    const Header& last = body.page.objects.back()->header();
    body.continue_token = make_continue_token(body.page.revision, {last.ns, last.name});
  }
  if (filtered) body.page.remaining = 0;
  for (ObjectPtr& object : body.page.objects) object = in_version(type, object);
  return body;
}

HttpResponse list_response(const ListBody& body, const Representation& shape, IncludeObject include, Instant now) {
  if (shape.syntax == Representation::Syntax::Protobuf) {
    auto binary = binary_list(body, shape);
    return binary ? HttpResponse::text(200, std::string(kProtobufMediaType), std::move(*binary))
                  : status_response(binary.error());
  }
  switch (shape.as) {
    case Representation::As::Table:
      return in_syntax(table_list(body, shape, include, now), shape.syntax);
    case Representation::As::Partial:
      return in_syntax(partial_list(body), shape.syntax);
    case Representation::As::Object: break;
  }
  return in_syntax(plain_list(body), shape.syntax);
}

HttpResponse object_response(int status, const ResourceType& type, const ObjectPtr& stored, const Representation& shape,
                             IncludeObject include, Instant now) {
  const ObjectPtr object = in_version(type, stored);
  std::vector<Bytes> body;
  switch (shape.as) {
    case Representation::As::Table: {
      const TableWriter writer(type, shape, include);
      const std::string metadata = "{\"resourceVersion\":\"" + std::to_string(object->header().version) + "\"}";
      body = {Bytes::own(
          writer.table(writer.row(object, now), metadata, TableWriter::Columns::Shown) + "\n")};
      break;
    }
    case Representation::As::Partial:
      append_partial_object(object, body);
      body.push_back({nullptr, "\n"});
      break;
    case Representation::As::Object: body = {{object, object->bytes()}, {nullptr, "\n"}}; break;
  }
  return in_syntax(json_response(status, std::move(body)), shape.syntax);
}

HttpResponse document_response(int status, const Json& document, const Representation& shape) {
  return in_syntax(json_response(status, {Bytes::own(encode(document) + "\n")}), shape.syntax);
}

}  // namespace charter
