#include "controller/cel/estimate_sizes.h"
#include "controller/cel/functions.h"
#include "controller/cel/limits.h"

#include <map>

// What one call costs at most, by its function: the counterpart of call_cost for values that are
// not there yet.
namespace charter::cel {
namespace {

constexpr double kTraversal = 0.1;  // a character of a text that is read
constexpr double kPattern = 0.25;   // a character of a pattern
constexpr uint64_t kFormatSizeMax = 64;
constexpr double kFormatPatternMax = 128;
constexpr uint64_t kAllocation = 11;  // a call that makes a list

/// A call as the functions below look at it.
struct Call {
  const Overload& overload;
  const Operand* target;
  const std::vector<Operand>& args;
  const Declared& root;

  /// Of the target, or of a function's first argument.
  const Operand& first() const { return target != nullptr ? *target : args[0]; }
  Sizes arg(size_t i) const { return i < args.size() ? args[i].size() : Sizes{}; }
};

using Rule = CallEstimate (*)(const Call&);

CallEstimate traversal(const Call& call) {
  return {scaled(call.first().size().most, kTraversal), std::nullopt};
}

CallEstimate traversal_of_text(const Call& call) {
  return {scaled(call.first().size().most, kTraversal), call.first().size()};
}

CallEstimate traversal_twice(const Call& call) {
  return {scaled(call.first().size().most, 2 * kTraversal), std::nullopt};
}

CallEstimate traversal_of_argument(const Call& call) {
  return {scaled(call.arg(0).most, kTraversal), std::nullopt};
}

/// The elements of a list, which the schema may know.
std::optional<Operand> element_of(const Call& call) {
  const Operand& list = call.first();
  if (list.expr->type->parameters.empty()) return std::nullopt;
  Operand out;
  if (list.trail.state != Trail::State::None) {
    out.trail = step(list.trail, call.root, kItems);
    out.known = size_at(out.trail);
  }
  return out;
}

CallEstimate scan(const Call& call) {
  const auto element = element_of(call);
  if (!element) return traversal(call);  // of a text
  const Kind kind = call.first().expr->type->parameters[0]->kind;
  uint64_t each = 1;
  if (kind == Kind::String || kind == Kind::Bytes)
    each = bounded_sum(each, scaled(element->size().most, kTraversal));
  return {bounded_product(call.first().size().most, each), std::nullopt};
}

uint64_t divided(uint64_t size, uint64_t by) {
  return scaled(1, std::ceil(static_cast<double>(size) / static_cast<double>(by)));
}

// The longest text that replacing can make is that of the longest replacement of the shortest
// pieces; the shortest the other way round.
CallEstimate replaced(const Call& call) {
  const Sizes text = call.first().size();
  const Sizes from = call.arg(0);
  const Sizes to = call.arg(1);
  Sizes count{0, 0}, kept{0, 0};
  if (from.least == 0) {
    count.most = bounded_sum(text.most, 1);
    kept.most = text.most;
  } else if (to.most <= from.least) {
    kept.most = text.most;
  } else {
    count.most = divided(text.most, from.least);
  }
  if (from.most == 0) {
    count.least = bounded_sum(text.least, 1);
    kept.least = text.least;
  } else if (from.most <= to.least) {
    kept.least = text.least;
  } else {
    count.least = divided(text.least, from.most);
  }
  return {scaled(text.most, 2 * kTraversal), count * to + kept};
}

/// A literal's number, or `otherwise`.
uint64_t number_of(const Operand& operand, uint64_t otherwise) {
  const Expr& expr = *operand.expr;
  if (expr.form != Expr::Form::Constant || expr.constant.kind() != Kind::Int) return otherwise;
  return static_cast<uint64_t>(std::max<int64_t>(expr.constant.as_int(), 0));
}

CallEstimate split(const Call& call) {
  const uint64_t size = call.first().size().most;
  const bool limited = call.args.size() > 1 && call.args[1].expr->form == Expr::Form::Constant;
  // A limit of -1 is none.
  const bool none = limited && call.args[1].expr->constant.as_int() < 0;
  return {scaled(size, 2 * kTraversal), Sizes{0, none      ? kUnbounded
                                                 : limited ? number_of(call.args[1], size)
                                                           : size}};
}

CallEstimate joined_list(const Call& call) {
  const Sizes list = call.first().size();
  const auto element = element_of(call);
  Sizes out = element ? list * element->size() : Sizes{0, 0};
  if (!call.args.empty())
    out = out + call.arg(0) * Sizes{std::max<uint64_t>(list.least, 1) - 1,
                                    std::max<uint64_t>(list.most, 1) - 1};
  return {scaled(out.most, kTraversal), out};
}

uint64_t pattern_cost(const Sizes& text, const Sizes& pattern) {
  return bounded_product(scaled(bounded_sum(text.most, 1), kTraversal),
                         scaled(pattern.most, kPattern));
}

CallEstimate matched(const Call& call) {
  return {pattern_cost(call.first().size(), call.arg(0)), std::nullopt};
}

CallEstimate found(const Call& call) {
  return {pattern_cost(call.first().size(), call.arg(0)), Sizes{0, call.first().size().most}};
}

CallEstimate contained(const Call& call) {
  return {bounded_product(scaled(call.first().size().most, kTraversal),
                          scaled(call.arg(0).most, kTraversal)),
          std::nullopt};
}

CallEstimate validated(const Call& call) {
  return {scaled(scaled(call.arg(0).most, kTraversal), kFormatPatternMax * kPattern), std::nullopt};
}

// Addresses have at most 16 bytes, twice read; a text is read besides.
CallEstimate contains_ip(const Call& call) {
  const bool text = call.overload.id.ends_with("string");
  return {bounded_sum(4, text ? scaled(call.arg(0).most, kTraversal) : 0), std::nullopt};
}

CallEstimate contains_cidr(const Call& call) {
  return {bounded_sum(contains_ip(call).cost, 3), std::nullopt};
}

CallEstimate in_list(const Call& call) {
  return {call.arg(1).most, std::nullopt};
}

CallEstimate added_text(const Call& call) {
  const Sizes sum = call.arg(0) + call.arg(1);
  return {scaled(sum.most, kTraversal), sum};
}

CallEstimate added_lists(const Call& call) {
  return {1, call.arg(0) + call.arg(1)};
}

CallEstimate smaller(const Call& call) {
  return {scaled(std::min(call.arg(0).most, call.arg(1).most), kTraversal), std::nullopt};
}

// Values of Kubernetes' own types compare in one step.
CallEstimate equality(const Call& call) {
  const Type& type = *call.args[0].expr->type;
  if (type.kind != Kind::Opaque || !same_type(type, *call.args[1].expr->type)) return smaller(call);
  if (type.name == "kubernetes.NamedFormat")
    return {scaled(kFormatSizeMax, kTraversal), std::nullopt};
  if (type.name == "kubernetes.URL")
    return {scaled(call.args[1].known ? call.args[1].known->most : 1, kTraversal), std::nullopt};
  return {1, std::nullopt};
}

CallEstimate to_bytes(const Call& call) {
  const Sizes size = call.arg(0);
  return {scaled(size.most, kTraversal), Sizes{size.least, bounded_product(size.most, 4)}};
}

CallEstimate from_bytes(const Call& call) {
  const Sizes size = call.arg(0);
  return {scaled(size.most, kTraversal), Sizes{size.least / 4, size.most}};
}

CallEstimate quoted(const Call& call) {
  const Sizes size = call.arg(0);
  return {scaled(size.most, kTraversal),
          Sizes{bounded_sum(size.least, 2), bounded_sum(bounded_product(size.most, 2), 2)}};
}

CallEstimate made_list(const Sizes& size, double factor) {
  return {bounded_sum(scaled(size.most, factor), kAllocation), size};
}

CallEstimate sliced(const Call& call) {
  const uint64_t begin = number_of(call.args[0], 0);
  const uint64_t end = number_of(call.args[1], call.first().size().most);
  return made_list(Sizes::exactly(end - std::min(begin, end)), 1);
}

CallEstimate ranged(const Call& call) {
  return made_list(Sizes::exactly(number_of(call.args[0], kUnbounded)), 1);
}

CallEstimate reversed(const Call& call) {
  return made_list(call.first().size(), 1);
}

CallEstimate flattened(const Call& call) {
  const uint64_t depth = call.args.empty() ? 1 : number_of(call.args[0], kUnbounded);
  return made_list(call.first().size(), static_cast<double>(depth));
}

CallEstimate distinct(const Call& call) {
  return made_list(call.first().size() * call.first().size(), 2);
}

CallEstimate sorted_by(const Operand& keys) {
  const auto& parameters = keys.expr->type->parameters;
  const Kind kind = parameters.empty() ? Kind::Dyn : parameters[0]->kind;
  const bool texts = kind == Kind::String || kind == Kind::Bytes;
  return made_list(keys.size() * keys.size(), texts ? 2 + kTraversal : 2);
}

CallEstimate sorted(const Call& call) {
  return sorted_by(call.first());
}

CallEstimate sorted_by_keys(const Call& call) {
  return sorted_by(call.args[0]);
}

template <int factor>
CallEstimate compared_sets(const Call& call) {
  return {bounded_sum(scaled((call.arg(0) * call.arg(1)).most, factor), 1), std::nullopt};
}

/// Rules by function; what is not here costs one.
const std::map<std::string_view, Rule>& rules_by_function() {
  static const std::map<std::string_view, Rule> kRules = {
      {"isSorted", scan},
      {"sum", scan},
      {"max", scan},
      {"min", scan},
      {"indexOf", scan},
      {"lastIndexOf", scan},
      {"url", traversal_of_text},
      {"lowerAscii", traversal_of_text},
      {"trim", traversal_of_text},
      {"upperAscii", traversal_of_text},
      {"substring", traversal_of_text},
      {"replace", replaced},
      {"split", split},
      {"join", joined_list},
      {"find", found},
      {"findAll", found},
      {"cidr", traversal},
      {"isIP", traversal},
      {"isCIDR", traversal},
      {"quantity", traversal},
      {"isQuantity", traversal},
      {"semver", traversal},
      {"isSemver", traversal},
      {"ip.isCanonical", traversal_twice},
      {"containsIP", contains_ip},
      {"containsCIDR", contains_cidr},
      {"validate", validated},
      {"_==_", equality},
  };
  return kRules;
}

/// Rules by overload, where a function's others cost one.
const std::map<std::string_view, Rule>& rules_by_overload() {
  static const std::map<std::string_view, Rule> kRules = {
      {"string_to_ip", traversal},
      {"string_format", traversal},
      {"string_to_bytes", to_bytes},
      {"bytes_to_string", from_bytes},
      {"strings_quote", quoted},
      {"starts_with_string", traversal_of_argument},
      {"ends_with_string", traversal_of_argument},
      {"in_list", in_list},
      {"matches_string", matched},
      {"contains_string", contained},
      {"add_string", added_text},
      {"add_bytes", added_text},
      {"add_list", added_lists},
      {"order_string", smaller},
      {"order_bytes", smaller},
      {"not_equals", smaller},
      {"list_slice", sliced},
      {"lists_range", ranged},
      {"list_reverse", reversed},
      {"list_flatten", flattened},
      {"list_flatten_int", flattened},
      {"list_distinct", distinct},
      {"list_sort", sorted},
      {"list_sort_by", sorted_by_keys},
      {"list_sets_contains_list", compared_sets<1>},
      {"list_sets_intersects_list", compared_sets<1>},
      {"list_sets_equivalent_list", compared_sets<2>},
  };
  return kRules;
}

}  // namespace

CallEstimate estimate_call(const Overload& overload, const Operand* target,
                           const std::vector<Operand>& args, const Declared& root) {
  const Call call{overload, target, args, root};
  const auto& by_overload = rules_by_overload();
  if (const auto at = by_overload.find(overload.id); at != by_overload.end())
    return at->second(call);
  const auto& by_function = rules_by_function();
  if (const auto at = by_function.find(overload.name); at != by_function.end())
    return at->second(call);
  return {};
}

}  // namespace charter::cel
