#pragma once

#include "controller/object/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace charter::cel {

/// How often a node of a schema can stand in one object: the product of the bounds above it, or
/// nothing when a list or map above has none.
using Copies = std::optional<uint64_t>;

/// `copies` of the children of a node.
Copies copies_below(const Json& schema, const Copies& copies);

/// Sums up what the rules of one schema may cost, in kube-apiserver's words.
class RuleCosts {
 public:
  /// Adds an expression; `what` is "rule" or "messageExpression". A finding if it alone may cost
  /// more than limits::kEstimatedCostMax.
  void add(const std::string& place, const char* what, uint64_t cost, std::vector<Cause>& causes);
  /// A finding for the schema at `path`, and one for each of its most expensive rules, if all
  /// together may cost more than limits::kEstimatedTotalMax.
  void check_total(const std::string& path, std::vector<Cause>& causes) const;

 private:
  struct Expensive {
    std::string place;
    uint64_t cost = 0;
  };
  uint64_t total_ = 0;
  std::vector<Expensive> expensive_;  ///< dearest first
};

}  // namespace charter::cel
