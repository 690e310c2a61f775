#include "controller/cel/functions.h"
#include "controller/cel/url.h"

// URLs: Kubernetes' library.
namespace charter::cel {
namespace {

/// A value of type kubernetes.URL.
struct UrlValue final : Opaque {
  explicit UrlValue(Url from) : url(std::move(from)) {}
  std::string_view type_name() const override { return "kubernetes.URL"; }
  bool equals(const Opaque& other) const override {
    const auto* value = dynamic_cast<const UrlValue*>(&other);
    return value != nullptr && value->url == url;
  }
  Url url;
};

const Url& url_of(const Value& value) {
  return static_cast<const UrlValue&>(value.as_opaque()).url;
}

Value to_url(const Value* args, size_t, CallContext& context) {
  std::string problem;
  auto url = parse_url(args[0].as_text(), problem);
  if (!url) return Value::error("URL parse error during conversion from string: " + problem);
  if (!may_make(context, 2 * args[0].as_text().size())) return too_costly();
  return Value::opaque(std::make_unique<UrlValue>(std::move(*url)));
}

Value is_url(const Value* args, size_t, CallContext&) {
  std::string problem;
  return Value::boolean(parse_url(args[0].as_text(), problem).has_value());
}

Value scheme(const Value* args, size_t, CallContext&) {
  return Value::text(url_of(args[0]).scheme);
}
Value host(const Value* args, size_t, CallContext&) {
  return Value::text(url_of(args[0]).host);
}
Value host_name(const Value* args, size_t, CallContext&) {
  return Value::text(url_of(args[0]).host_name());
}
Value port(const Value* args, size_t, CallContext&) {
  return Value::text(url_of(args[0]).port());
}
Value path(const Value* args, size_t, CallContext&) {
  return Value::text(url_of(args[0]).escaped_path);
}

Value query(const Value* args, size_t, CallContext& context) {
  std::map<Value, Value, KeyLess> out;
  for (const auto& [key, values] : url_of(args[0]).query) {
    std::vector<Value> list;
    for (const std::string& value : values) {
      if (!may_make(context, sizeof(Value) + value.size())) return too_costly();
      list.push_back(Value::text(value));
    }
    out.emplace(Value::text(key), Value::list(std::move(list)));
  }
  return Value::map(std::move(out));
}

}  // namespace

std::vector<FunctionRow> url_rows() {
  constexpr std::string_view kUrl = "kubernetes.URL";
  return {
      {"url", "string_to_url", "string", kUrl, to_url, Cost::Traverse},
      {"isURL", "is_url_string", "string", "bool", is_url},
      {".getScheme", "url_get_scheme", kUrl, "string", scheme},
      {".getHost", "url_get_host", kUrl, "string", host},
      {".getHostname", "url_get_hostname", kUrl, "string", host_name},
      {".getPort", "url_get_port", kUrl, "string", port},
      {".getEscapedPath", "url_get_escaped_path", kUrl, "string", path},
      {".getQuery", "url_get_query", kUrl, "map(string, list(string))", query},
  };
}

}  // namespace charter::cel
