#include "controller/cel/functions.h"

#include "controller/cel/limits.h"

#include <algorithm>
#include <map>

namespace charter::cel {
namespace {

constexpr size_t kFormatPatternMax = 128;  // kube's MaxNameFormatRegexSize
constexpr uint64_t kAccessCost = 350'000;
constexpr uint64_t kSelectorCost = 10;
constexpr uint64_t kRequirementCost = 50;

std::vector<TypePtr> read_types(std::string_view list) {
  std::vector<TypePtr> out;
  while (!list.empty()) {
    const size_t end = list.find("; ");
    out.push_back(parse_type(list.substr(0, end)));
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 2);
  }
  return out;
}

using Table = std::map<std::string_view, std::vector<Overload>>;

void add_rows(Table& table, const std::vector<FunctionRow>& rows) {
  for (const FunctionRow& row : rows) {
    const bool member = row.name.starts_with('.');
    const std::string_view name = member ? row.name.substr(1) : row.name;
    table[name].push_back(Overload{row.id, name, member, read_types(row.args),
                                   parse_type(row.result), row.call, row.cost});
  }
}

// Dynamic values are told apart by what they are; type parameters take anything.
bool fits_type(const Type& type, const Value& value) {
  switch (type.kind) {
    case Kind::Dyn:
    case Kind::Param:
      return true;
    case Kind::Map:
      return value.kind() == Kind::Map || value.kind() == Kind::Object;
    case Kind::Opaque:
      return value.kind() == Kind::Opaque && value.type_name() == type.name;
    default:
      return value.kind() == type.kind;
  }
}

uint64_t tenths(uint64_t size, uint64_t factor = 1) {
  return (size * factor + 9) / 10;
}

// What kube's traversalCost says: texts by their bytes, rounded down; everything else is one.
uint64_t traversal_cost(const Value& value) {
  uint64_t out = 0;
  switch (value.kind()) {
    case Kind::String:
    case Kind::Bytes:
      return value.as_text().size() / 10;
    case Kind::List:
      // What is shared is counted each time it is met; more than a call may cost is enough.
      for (size_t i = 0; i < value.size() && out <= limits::kCallCostMax; ++i)
        out += traversal_cost(value.element(i));
      return out;
    case Kind::Map:
      for (const Value& key : value.keys())
        out += traversal_cost(key) + traversal_cost(*value.member(key));
      return out;
    default:
      return 1;
  }
}

uint64_t pattern_cost(uint64_t text, uint64_t pattern) {
  return tenths(text + 1) * ((pattern + 3) / 4);
}

}  // namespace

const std::vector<Overload>* find_function(std::string_view name) {
  static const Table kTable = [] {
    Table out;
    for (const auto& rows :
         {operator_rows(), conversion_rows(), string_rows(), list_rows(), time_rows(),
          optional_rows(), pattern_rows(), network_rows(), url_rows(), quantity_rows(),
          semver_rows(), format_rows(), text_format_rows(), set_rows(), access_rows()})
      add_rows(out, rows);
    return out;
  }();
  const auto at = kTable.find(name);
  return at == kTable.end() ? nullptr : &at->second;
}

bool fits(const Overload& overload, const Value* args, size_t count) {
  if (overload.args.size() != count) return false;
  for (size_t i = 0; i < count; ++i)
    if (!fits_type(*overload.args[i], args[i])) return false;
  return true;
}

uint64_t size_of(const Value& value) {
  switch (value.kind()) {
    case Kind::String:
    case Kind::Bytes:
    case Kind::List:
    case Kind::Map:
    case Kind::Object:
      return value.size();
    case Kind::Optional:
      return value.has_value() ? size_of(value.value()) : 1;
    default:
      return 1;
  }
}

uint64_t call_cost(const Overload& overload, const Value* args, size_t count, const Value& result) {
  const auto size = [&](size_t i) { return i < count ? size_of(args[i]) : 0; };
  switch (overload.cost) {
    case Cost::One:
      return 1;
    case Cost::Traverse:
      return tenths(size(0));
    case Cost::TraverseTwice:
      return tenths(size(0), 2);
    case Cost::ResultTwice:
      return tenths(size_of(result), 2);
    case Cost::Smaller:
      if (args[0].kind() == Kind::Opaque) return 1;
      return tenths(std::min(size(0), size(1)));
    case Cost::Both:
      return tenths(size(0) + size(1));
    case Cost::In:
      return size(1);
    case Cost::Contains:
      return tenths(size(0)) * tenths(size(1));
    case Cost::Pattern:
      return pattern_cost(size(0), size(1));
    case Cost::List:
      return traversal_cost(args[0]);
    case Cost::Second:
      return tenths(size(1));
    case Cost::ProductTwice:
      return 2 * size(0) * size(1) + 1;
    case Cost::Product:
      return size(0) * size(1) + 1;
    case Cost::Square:
      return size(0) * size(0) + 1;
    case Cost::ContainsIp:
      return tenths(size(0), 2) + (args[1].kind() == Kind::String ? tenths(size(1)) : 0);
    case Cost::ContainsCidr:
      return tenths(size(0), 2) + tenths(size(0)) + 1 +
             (args[1].kind() == Kind::String ? tenths(size(1)) : 0);
    case Cost::Validate:
      return pattern_cost(size(1), kFormatPatternMax);
    case Cost::Check:
      return kAccessCost;
    case Cost::Selector:
      return kSelectorCost + tenths(size(1)) + (size(1) + 1) / 2 * kRequirementCost;
  }
  return 1;
}

Value no_such_overload(std::string_view name, const Value* args, size_t count) {
  std::string types;
  for (size_t i = 0; i < count; ++i)
    types += (i ? ", " : "") + std::string(args[i].type_name());
  return Value::error("no such overload: " + std::string(name) + "(" + types + ")");
}

bool may_make(CallContext& context, uint64_t amount) {
  context.exceeded |= amount > limits::kMadeMax - context.made;
  if (!context.exceeded) context.made += amount;
  return !context.exceeded;
}

bool may_make_items(CallContext& context, uint64_t count) {
  return may_make(context, std::min(count, limits::kMadeMax) * sizeof(Value));
}

Value equal(const Value& a, const Value& b, CallContext& context) {
  Value same = equal(a, b, context.comparisons_left);
  context.exceeded |= context.comparisons_left == 0;
  return same;
}

}  // namespace charter::cel
