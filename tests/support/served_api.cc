#include "tests/support/served_api.h"

#include "controller/base/check.h"
#include "controller/base/embedded.h"

#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

constexpr const char* kWidgetDefinition = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.dev}
spec:
  group: shop.dev
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wg], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
    selectableFields: [{jsonPath: .spec.color}]
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Color, type: string, jsonPath: .spec.color, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, maximum: 10}
              color: {type: string, enum: [red, green, blue], default: red}
              name: {type: string, minLength: 2, maxLength: 8, pattern: '^[a-z]+$'}
              replicas: {type: integer, default: 1}
              items:
                type: array
                maxItems: 3
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [key]
                items: {type: object, required: [key], properties: {key: {type: string}, value: {type: string}}}
              labels: {type: object, additionalProperties: {type: string}}
              when: {type: string, format: date-time}
              port: {x-kubernetes-int-or-string: true}
              ratio: {type: number}
          status:
            type: object
            properties: {phase: {type: string}, replicas: {type: integer}, selector: {type: string}}
)";

constexpr const char* kRackDefinition = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: racks.shop.dev}
spec:
  group: shop.dev
  scope: Cluster
  names: {plural: racks, kind: Rack}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {rows: {type: integer}}}}}}
)";

Json parsed(const char* text) {
  auto document = parse_yaml(text);
  CHECK_MSG(document.has_value(), document ? "" : document.error().message);
  return *document;
}

void must(const Answer& answer) { CHECK_MSG(answer.status == 201, answer.body); }

}  // namespace

Json Answer::json() const {
  auto tree = parse_json(body);
  return tree ? *tree : Json();
}

std::string Answer::reason() const { return text_at(json(), {"reason"}); }
std::string Answer::message() const { return text_at(json(), {"message"}); }

std::string Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> Answer::warnings() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : headers) {
    if (key == "Warning") out.push_back(value);
  }
  return out;
}

ServedApi::ServedApi(HeavyWorkers* heavy, WebhookClient* webhooks)
    : clock_(*parse_time("2026-06-01T00:00:00Z")) {
  define_embedded(kinds_, embedded::builtin_kinds(), KindRegistry::Origin::Builtin);
  StoreOptions options;
  options.mode = WriterMode::Inline;
  auto store = Store::open(std::move(options));
  CHECK_MSG(store.has_value(), store ? "" : store.error().message);
  store_ = std::move(*store);
  if (webhooks) {
    webhooks_ = std::make_unique<Webhooks>(
        WebhookParts{*store_, kinds_, clock_, random_, metrics_, *webhooks});
  }
  ApiParts parts{*store_, kinds_, hooks_, clock_, random_, heavy};
  parts.webhooks = webhooks_.get();
  definitions_ = std::make_unique<Definitions>(parts, [] {});
  server_ = std::make_unique<ApiServer>(parts, metrics_);
  must(post(kDefinitionsPath, widget_definition()));
  must(post(kDefinitionsPath, parsed(kRackDefinition)));
  must(post("/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "lab"}}}}));
}

void ServedApi::handle(Ask what, std::function<void(Answer)> answered) {
  HttpRequest request;
  request.method = std::move(what.method);
  const size_t mark = what.target.find('?');
  request.path = what.target.substr(0, mark);
  if (mark != std::string::npos) request.query = what.target.substr(mark + 1);
  if (!what.body.empty()) request.headers.emplace_back("content-type", what.content_type);
  for (auto& header : what.headers) request.headers.push_back(std::move(header));
  request.body = std::move(what.body);
  if (what.peer) request.peer = PeerCertificate{what.peer->user, what.peer->groups};
  server_->handle(std::move(request), [answered = std::move(answered)](HttpResponse response) {
    Answer answer;
    answer.status = response.status;
    answer.headers = std::move(response.headers);
    for (const Bytes& piece : response.body)
      answer.body += piece.view;
    answer.stream = std::move(response.stream);
    answered(std::move(answer));
  });
}

Answer ServedApi::ask(Ask what) {
  Answer out;
  int calls = 0;
  handle(std::move(what), [&](Answer answer) {
    ++calls;
    out = std::move(answer);
  });
  CHECK_MSG(calls == 1, "a request must be answered once, and in inline mode at once");
  return out;
}

Answer ServedApi::post(const std::string& target, const Json& body) { return ask({"POST", target, encode(body)}); }
Answer ServedApi::put(const std::string& target, const Json& body) { return ask({"PUT", target, encode(body)}); }
Answer ServedApi::merge(const std::string& target, const Json& patch) {
  return ask({"PATCH", target, encode(patch), "application/merge-patch+json"});
}
Answer ServedApi::json_patch(const std::string& target, const Json& patch) {
  return ask({"PATCH", target, encode(patch), "application/json-patch+json"});
}
Answer ServedApi::apply(const std::string& target, const Json& config, const std::string& manager,
                        const std::string& options) {
  return ask({"PATCH", target + "?fieldManager=" + manager + options, encode(config), "application/apply-patch+yaml"});
}

ResourceTypePtr ServedApi::type(const Gvr& gvr) const {
  const auto table = kinds_.table();
  const ResourceType* found = table->find(gvr);
  CHECK_MSG(found != nullptr, gvr.resource);
  return {table, found};
}

Json shop_widget(const std::string& name, const Json& spec, const Json& metadata) {
  Json out = {{"apiVersion", "shop.dev/v1"},
              {"kind", "Widget"},
              {"metadata", {{"name", name}, {"namespace", "lab"}}},
              {"spec", spec}};
  if (metadata.is_object()) out["metadata"].update(metadata);
  return out;
}

Json shop_widget(const std::string& name, const Json& spec) { return shop_widget(name, spec, Json()); }
Json shop_widget(const std::string& name) { return shop_widget(name, {{"size", 3}}); }

Json widget_definition() { return parsed(kWidgetDefinition); }

std::vector<Json> drain(BodyStream& stream, bool* ended) {
  constexpr size_t kPiece = 64 * 1024;
  std::string text;
  BodyStream::State state = BodyStream::State::More;
  while (state == BodyStream::State::More) {
    std::vector<Bytes> pieces;
    state = stream.next(kPiece, pieces);
    for (const Bytes& piece : pieces) text += piece.view;
  }
  if (ended) *ended = state == BodyStream::State::End;
  std::vector<Json> events;
  for (size_t from = 0; from < text.size();) {
    const size_t line = text.find('\n', from);
    CHECK_MSG(line != std::string::npos, "an event must end with a newline");
    auto event = parse_json(std::string_view(text).substr(from, line - from));
    CHECK_MSG(event.has_value(), text.substr(from, line - from));
    events.push_back(std::move(*event));
    from = line + 1;
  }
  return events;
}

}  // namespace charter::test
