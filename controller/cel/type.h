#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Types of the Common Expression Language, as its checker reasons about them. Immutable; shared.
namespace charter::cel {

struct Declared;

/// What a type, or a value, is.
enum class Kind : uint8_t {
  Null,
  Bool,
  Int,
  Uint,
  Double,
  String,
  Bytes,
  Timestamp,
  Duration,
  List,
  Map,
  Type,
  Optional,
  Object,   ///< an object whose fields a schema declares
  Opaque,   ///< a type of Kubernetes' libraries, told apart by name
  Unknown,  ///< preserved data without a schema: only equality is known
  Dyn,
  Error,
  Param,
};

struct Type;
using TypePtr = std::shared_ptr<const Type>;

/// One type. Lists have one parameter, maps two (key, value), optionals one.
struct Type {
  Kind kind = Kind::Dyn;
  std::string name;  ///< of an object, opaque type or type parameter
  std::vector<TypePtr> parameters;
  const Declared* declared = nullptr;  ///< of an object: its fields

  static TypePtr of(Kind kind);
  static TypePtr list(TypePtr element);
  static TypePtr map(TypePtr key, TypePtr value);
  static TypePtr optional(TypePtr value);
  static TypePtr type(TypePtr of);
  static TypePtr opaque(std::string name);
  static TypePtr param(std::string name);
};

/// "list(string)", as cel-go prints types in findings.
std::string type_text(const Type& type);
/// The name without parameters, which values carry: "int", "list", "google.protobuf.Timestamp".
std::string_view kind_name(Kind kind);
/// Reads "list(A)", "map(string, dyn)", "optional(V)", "net.IP": the notation of the function
/// table. A single capital letter is a type parameter.
TypePtr parse_type(std::string_view text);
/// Equal in every part.
bool same_type(const Type& a, const Type& b);

/// Which type stands for each type parameter; grows while an expression is checked.
class TypeBindings {
 public:
  /// True when a value of `from` may be used as `to`; binds parameters only when it may.
  bool assignable(const TypePtr& from, const TypePtr& to);
  bool assignable_all(const std::vector<TypePtr>& from, const std::vector<TypePtr>& to);
  /// The type with its bound parameters replaced; unbound ones become dyn if `free_to_dyn`.
  enum class Free { Keep, ToDyn };
  TypePtr substitute(const TypePtr& type, Free free) const;
  /// A parameter that no other type has.
  TypePtr fresh();

 private:
  bool assign(const TypePtr& from, const TypePtr& to);
  bool bind(const TypePtr& type, const TypePtr& param, bool& known);
  bool occurs(const TypePtr& param, const TypePtr& in) const;
  TypePtr find(const TypePtr& param) const;
  void set(const std::string& param, TypePtr type);

  std::map<std::string, TypePtr, std::less<>> bound_;
  /// What was bound before each change since the last attempt began; undone when that fails.
  std::vector<std::pair<std::string, TypePtr>> undo_;
  size_t made_ = 0;
};

/// The more general of two types that agree.
TypePtr most_general(const TypePtr& a, const TypePtr& b);

}  // namespace charter::cel
