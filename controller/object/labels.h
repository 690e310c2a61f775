#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/object/object.h"

// Label and field selectors, and the syntax rules for names, label keys and values. Pure.
namespace charter {

/// One requirement of a selector.
struct Requirement {
  /// Operators of Kubernetes' label selectors; field selectors use In (with one value) and NotIn.
  enum class Op { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan };
  std::string key;
  Op op = Op::Exists;
  std::vector<std::string> values;  ///< sorted
};

/// All requirements must hold. An empty selector matches everything.
class Selector {
 public:
  /// Parses "a=b,c!=d,e in (f,g),!h,i>5" as Kubernetes does. Errors: BadRequest with Kubernetes'
  /// text
  /// ("unable to parse requirement: …"); bounded by kSelectorBytesMax, kSelectorRequirementsMax and
  /// kSelectorTermsMax.
  static Result<Selector> parse_labels(std::string_view text);
  /// Parses "metadata.name=x,status.phase!=y" (=, ==, !=, with \\ \, \= escapes).
  static Result<Selector> parse_fields(std::string_view text);
  /// Reads a metav1.LabelSelector document (matchLabels, matchExpressions).
  static Result<Selector> from_json(const Json& selector);

  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  bool matches(const Pairs& pairs) const;
  /// For field selectors: the value that `key` must equal, or nullptr.
  const std::string* required_value(std::string_view key) const;
  /// Canonical text.
  std::string to_string() const;

 private:
  /// A field that an object lacks has the empty value; a label that it lacks has none.
  enum class Absent { IsAbsent, IsEmpty };
  std::vector<Requirement> requirements_;
  Absent absent_ = Absent::IsAbsent;
};

/// Kubernetes' message when `name` is no RFC 1123 subdomain / label / qualified name / label value; empty if fine.
std::string subdomain_problem(std::string_view name);
std::string dns_label_problem(std::string_view name);
std::string qualified_name_problem(std::string_view key);
std::string label_value_problem(std::string_view value);

}  // namespace charter
