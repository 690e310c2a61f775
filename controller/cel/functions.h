#pragma once

#include "controller/cel/limits.h"
#include "controller/cel/type.h"
#include "controller/cel/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The functions of expressions: those of the language and those of Kubernetes' libraries. One row
// an overload; the checker reads its types, the interpreter its function and its cost.
namespace charter::cel {

class Pattern;

/// What a function gets besides its arguments.
struct CallContext {
  /// Bytes made so far in this evaluation, against limits::kMadeMax.
  uint64_t made = 0;
  uint64_t comparisons_left = limits::kComparedMax;
  bool exceeded = false;             ///< one of the two is used up
  const Pattern* pattern = nullptr;  ///< of the call's second argument, if that is a literal
};

/// Carries out a call. None of the arguments is an error, and their kinds fit the overload.
using Function = Value (*)(const Value* args, size_t count, CallContext& context);

/// How the cost of a call is counted, after kube's and cel-go's estimators.
enum class Cost : uint8_t {
  One,
  Traverse,       ///< a tenth of the first argument's size
  TraverseTwice,  ///< two tenths of it
  ResultTwice,    ///< two tenths of the result's size
  Smaller,        ///< a tenth of the smaller operand's size
  Both,           ///< a tenth of both
  In,             ///< the list's size
  Contains,       ///< a tenth of each, multiplied
  Pattern,        ///< the text's traversal times a quarter of the pattern's size
  List,           ///< an element each, texts a tenth of their bytes
  Second,         ///< a tenth of the second argument's size
  ProductTwice,   ///< both sizes, multiplied, twice
  Product,        ///< both sizes, multiplied
  Square,         ///< the first size times itself
  ContainsIp,
  ContainsCidr,
  Validate,  ///< as Pattern, with the longest pattern of the format
  Check,     ///< a question to the authorizer: two of them, and a call is too expensive
  Selector,  ///< a list and, each two characters, one requirement
};

/// One overload.
struct Overload {
  std::string_view id;
  std::string_view name;
  bool member = false;
  std::vector<TypePtr> args;
  TypePtr result;
  Function call = nullptr;
  Cost cost = Cost::One;
};

/// A row as the tables write it: a name that starts with a dot is a member's.
struct FunctionRow {
  std::string_view name;
  std::string_view id;
  std::string_view args;  ///< types apart by "; "
  std::string_view result;
  Function call;
  Cost cost = Cost::One;
};

/// All overloads of a function, or null when there is no function of that name.
const std::vector<Overload>* find_function(std::string_view name);
/// True when values of these kinds fit the overload.
bool fits(const Overload& overload, const Value* args, size_t count);
/// The cost of a call that was carried out.
uint64_t call_cost(const Overload& overload, const Value* args, size_t count, const Value& result);
/// 1 for what has no size.
uint64_t size_of(const Value& value);

/// Seconds east of Greenwich of a time zone: "UTC", "+02:00"; nothing for zones by name, whose
/// rules live in files of the machine.
std::optional<int64_t> zone_offset(std::string_view zone);
/// What is said of another zone.
std::string unknown_zone(std::string_view zone);

/// "no such overload", in the words of the function dispatch.
Value no_such_overload(std::string_view name, const Value* args, size_t count);
/// Counts what a function made; false, with nothing made yet, when it would be too much: then the
/// function answers with too_costly().
bool may_make(CallContext& context, uint64_t amount);
/// The same for elements of lists and maps.
bool may_make_items(CallContext& context, uint64_t count);

/// Equality within the evaluation's bound.
Value equal(const Value& a, const Value& b, CallContext& context);

// The tables, one for each file.
std::vector<FunctionRow> operator_rows();
std::vector<FunctionRow> conversion_rows();
std::vector<FunctionRow> string_rows();
std::vector<FunctionRow> list_rows();
std::vector<FunctionRow> time_rows();
std::vector<FunctionRow> optional_rows();
std::vector<FunctionRow> pattern_rows();
std::vector<FunctionRow> network_rows();
std::vector<FunctionRow> url_rows();
std::vector<FunctionRow> quantity_rows();
std::vector<FunctionRow> semver_rows();
std::vector<FunctionRow> format_rows();
std::vector<FunctionRow> text_format_rows();
std::vector<FunctionRow> set_rows();
std::vector<FunctionRow> access_rows();

}  // namespace charter::cel
