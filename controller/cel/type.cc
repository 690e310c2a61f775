#include "controller/cel/type.h"

#include "controller/base/check.h"

#include <array>
#include <cctype>

namespace charter::cel {
namespace {

bool is_wild(const Type& type) {
  return type.kind == Kind::Dyn || type.kind == Kind::Error;
}

TypePtr make(Kind kind, std::string name, std::vector<TypePtr> parameters) {
  auto out = std::make_shared<Type>();
  out->kind = kind;
  out->name = std::move(name);
  out->parameters = std::move(parameters);
  return out;
}

/// Reads the notation of parse_type.
class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text) {}

  TypePtr read() {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '(' && text_[at_] != ',' && text_[at_] != ')')
      ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    std::vector<TypePtr> inner;
    if (at_ < text_.size() && text_[at_] == '(') {
      do {
        ++at_;
        while (text_[at_] == ' ')
          ++at_;
        inner.push_back(read());
      } while (text_[at_] == ',');
      ++at_;
    }
    return named(word, std::move(inner));
  }

 private:
  static TypePtr named(std::string_view word, std::vector<TypePtr> inner) {
    if (word == "list") return Type::list(inner.at(0));
    if (word == "map") return Type::map(inner.at(0), inner.at(1));
    if (word == "optional") return Type::optional(inner.at(0));
    if (word == "type") return Type::type(inner.empty() ? Type::of(Kind::Dyn) : inner[0]);
    if (word == "timestamp") return Type::of(Kind::Timestamp);
    if (word == "duration") return Type::of(Kind::Duration);
    for (const Kind kind : {Kind::Bool, Kind::Int, Kind::Uint, Kind::Double, Kind::String,
                            Kind::Bytes, Kind::Dyn, Kind::Null})
      if (word == kind_name(kind)) return Type::of(kind);
    if (word.size() == 1) return Type::param(std::string(word));
    return Type::opaque(std::string(word));
  }

  std::string_view text_;
  size_t at_ = 0;
};

// True when `a` says no more than `b`, with dyn and parameters saying nothing.
bool less_specific(const Type& a, const Type& b) {
  if (a.kind == Kind::Dyn || a.kind == Kind::Param) return true;
  if (b.kind == Kind::Dyn || b.kind == Kind::Param) return false;
  if (a.kind != b.kind || a.name != b.name) return false;
  if (a.kind == Kind::Type) return true;
  if (a.parameters.size() != b.parameters.size()) return false;
  for (size_t i = 0; i < a.parameters.size(); ++i)
    if (!less_specific(*a.parameters[i], *b.parameters[i])) return false;
  return true;
}

bool is_nullable(const Type& type) {
  return type.kind == Kind::Opaque || type.kind == Kind::Optional || type.kind == Kind::Object ||
         type.kind == Kind::Duration || type.kind == Kind::Timestamp || type.kind == Kind::Null;
}

}  // namespace

TypePtr Type::of(Kind kind) {
  static const auto kTypes = [] {
    std::array<TypePtr, static_cast<size_t>(Kind::Param)> out;
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = make(static_cast<Kind>(i), {}, {});
    return out;
  }();
  return kTypes.at(static_cast<size_t>(kind));
}

TypePtr Type::list(TypePtr element) {
  return make(Kind::List, {}, {std::move(element)});
}
TypePtr Type::map(TypePtr key, TypePtr value) {
  return make(Kind::Map, {}, {std::move(key), std::move(value)});
}
TypePtr Type::optional(TypePtr value) {
  return make(Kind::Optional, {}, {std::move(value)});
}
TypePtr Type::type(TypePtr of) {
  return make(Kind::Type, {}, {std::move(of)});
}
TypePtr Type::opaque(std::string name) {
  return make(Kind::Opaque, std::move(name), {});
}
TypePtr Type::param(std::string name) {
  return make(Kind::Param, std::move(name), {});
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::Null:
      return "null_type";
    case Kind::Bool:
      return "bool";
    case Kind::Int:
      return "int";
    case Kind::Uint:
      return "uint";
    case Kind::Double:
      return "double";
    case Kind::String:
      return "string";
    case Kind::Bytes:
      return "bytes";
    case Kind::Timestamp:
      return "google.protobuf.Timestamp";
    case Kind::Duration:
      return "google.protobuf.Duration";
    case Kind::List:
      return "list";
    case Kind::Map:
      return "map";
    case Kind::Type:
      return "type";
    case Kind::Optional:
      return "optional_type";
    case Kind::Object:
      return "object";
    case Kind::Unknown:
      return "unknown";
    case Kind::Dyn:
      return "dyn";
    case Kind::Error:
      return "!error!";
    case Kind::Opaque:
    case Kind::Param:
      return "";
  }
  return "";
}

std::string type_text(const Type& type) {
  std::string out(type.name);
  if (out.empty()) {
    out = kind_name(type.kind);
    if (type.kind == Kind::Null) out = "null";
    if (type.kind == Kind::Timestamp) out = "timestamp";
    if (type.kind == Kind::Duration) out = "duration";
  }
  if (type.parameters.empty()) return out;
  out += "(";
  for (size_t i = 0; i < type.parameters.size(); ++i)
    out += (i ? ", " : "") + type_text(*type.parameters[i]);
  return out + ")";
}

TypePtr parse_type(std::string_view text) {
  return TypeReader(text).read();
}

bool same_type(const Type& a, const Type& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.name != b.name || a.parameters.size() != b.parameters.size())
    return false;
  for (size_t i = 0; i < a.parameters.size(); ++i)
    if (!same_type(*a.parameters[i], *b.parameters[i])) return false;
  return true;
}

TypePtr most_general(const TypePtr& a, const TypePtr& b) {
  return less_specific(*a, *b) ? a : b;
}

TypePtr TypeBindings::find(const TypePtr& param) const {
  if (param->kind != Kind::Param) return nullptr;
  const auto at = bound_.find(param->name);
  return at == bound_.end() ? nullptr : at->second;
}

void TypeBindings::set(const std::string& param, TypePtr type) {
  TypePtr& bound = bound_[param];
  undo_.emplace_back(param, bound);
  bound = std::move(type);
}

TypePtr TypeBindings::fresh() {
  return Type::param("_var" + std::to_string(made_++));
}

bool TypeBindings::occurs(const TypePtr& param, const TypePtr& in) const {
  if (in->kind == Kind::Param) {
    if (in->name == param->name) return true;
    const TypePtr bound = find(in);
    return bound && occurs(param, bound);
  }
  for (const TypePtr& part : in->parameters)
    if (occurs(param, part)) return true;
  return false;
}

bool TypeBindings::bind(const TypePtr& type, const TypePtr& param, bool& known) {
  known = true;
  if (same_type(*type, *param)) return true;
  if (const TypePtr bound = find(param)) {
    if (same_type(*type, *bound)) return true;
    if (!assign(type, bound)) return false;
    const TypePtr general = most_general(type, bound);
    if (!occurs(param, general)) set(param->name, general);
    return true;
  }
  known = false;
  if (occurs(param, type)) return false;
  set(param->name, type);
  return true;
}

bool TypeBindings::assign(const TypePtr& from, const TypePtr& to) {
  bool known = false;
  if (to->kind == Kind::Param) {
    if (bind(from, to, known)) return true;
    if (known) return false;
  }
  if (from->kind == Kind::Param) return bind(to, from, known);
  if (is_wild(*from) || is_wild(*to)) return true;
  if (from->kind == Kind::Null) return is_nullable(*to);
  if (to->kind == Kind::Null) return is_nullable(*from);
  if (from->kind != to->kind || from->name != to->name) return false;
  if (from->kind == Kind::Type) return true;
  if (from->parameters.size() != to->parameters.size()) return false;
  for (size_t i = 0; i < from->parameters.size(); ++i)
    if (!assign(from->parameters[i], to->parameters[i])) return false;
  return true;
}

bool TypeBindings::assignable(const TypePtr& from, const TypePtr& to) {
  return assignable_all({from}, {to});
}

bool TypeBindings::assignable_all(const std::vector<TypePtr>& from,
                                  const std::vector<TypePtr>& to) {
  if (from.size() != to.size()) return false;
  undo_.clear();
  for (size_t i = 0; i < from.size(); ++i) {
    if (assign(from[i], to[i])) continue;
    for (; !undo_.empty(); undo_.pop_back()) {
      if (undo_.back().second)
        bound_[undo_.back().first] = undo_.back().second;
      else
        bound_.erase(undo_.back().first);
    }
    return false;
  }
  return true;
}

TypePtr TypeBindings::substitute(const TypePtr& type, Free free) const {
  if (const TypePtr bound = find(type)) return substitute(bound, free);
  if (type->kind == Kind::Param) return free == Free::ToDyn ? Type::of(Kind::Dyn) : type;
  if (type->parameters.empty()) return type;
  auto out = std::make_shared<Type>(*type);
  for (TypePtr& part : out->parameters)
    part = substitute(part, free);
  return out;
}

}  // namespace charter::cel
