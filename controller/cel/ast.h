#pragma once

#include "controller/cel/type.h"
#include "controller/cel/value.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The tree of one expression. The parser makes it with macros already expanded, the checker fills
// in types, overloads and slots, and from then on it is immutable and shared by all evaluations.
namespace charter::cel {

struct Overload;
class Pattern;

/// A place in an expression: lines from 1, columns (code points) from 0.
struct Place {
  int line = 1;
  int column = 0;
};

/// One finding about an expression.
struct Finding {
  Place place;
  std::string message;
};

/// Findings as cel-go prints them: "ERROR: <input>:1:6: …", the line, a mark below it.
std::string findings_text(std::string_view source, std::vector<Finding> findings);

/// How a call is carried out: by its overload's function, or by the interpreter itself.
enum class Operation : uint8_t {
  Function,
  And,
  Or,
  Conditional,
  NotStrictlyFalse,
  Index,
  OptionalIndex,
  OptionalSelect,
  OptionalOr,
  OptionalOrValue,
  MapInsert,
};

/// One node.
struct Expr {
  enum class Form : uint8_t {
    Constant,
    Ident,
    Select,  ///< parts[0].name, or has(parts[0].name) if `test`
    Call,    ///< name(parts…); the target of a member call is parts[0]
    List,
    Map,     ///< parts are key, value, key, value …
    Object,  ///< a message literal, which no type here has
    /// parts: range, initial result, condition, step, result.
    Comprehension,
  };

  Form form = Form::Constant;
  Place place;
  std::string name;
  Value constant;
  std::string text;  ///< the bytes a constant string views
  std::vector<std::unique_ptr<Expr>> parts;
  std::vector<bool> optional;  ///< of a list's elements and a map's entries: marked with `?`
  size_t depth = 1;            ///< of the tree below, this node included
  bool member = false;
  bool test = false;
  bool absolute = false;              ///< written with a leading dot
  bool adds_to_result = false;        ///< a macro's step: the result grows in place
  std::string first, second, result;  ///< a comprehension's variables; `second` may be empty

  // Filled in by the checker.
  TypePtr type;
  int slot = -1;  ///< of an Ident: which variable; of a Comprehension: its first
  std::vector<const Overload*> overloads;
  Operation operation = Operation::Function;
  bool free = false;                       ///< a call that costs nothing
  std::shared_ptr<const Pattern> pattern;  ///< of a call whose second argument is a literal
};

using ExprPtr = std::unique_ptr<Expr>;

}  // namespace charter::cel
