#pragma once

#include <cstddef>
#include <cstdint>

// Bounds of expressions. Those of cost are Kubernetes' own, because a rule that runs there must run
// here and the other way round; those of size keep the recursive passes off the end of the stack.
namespace charter::cel::limits {

/// Code points of one expression (cel-go's default).
inline constexpr size_t kExpressionCodePointsMax = 100'000;
/// Nested expressions while parsing: one level costs about fifteen small frames (cel-go's 250 would
/// take more of a worker's stack under sanitizers than there is).
inline constexpr size_t kParseDepthMax = 100;
/// Depth of a parsed tree, left-leaning chains ("a + b + c …") included: every pass recurses on it.
inline constexpr size_t kTreeDepthMax = 300;
/// Nodes of one expression after macros were expanded: nested macros copy their arguments.
inline constexpr size_t kNodesMax = 100'000;
/// Errors reported of one expression (cel-go's default).
inline constexpr size_t kErrorsMax = 100;
/// Cost of evaluating one rule once (kube's PerCallLimit).
inline constexpr uint64_t kCallCostMax = 1'000'000;
/// Cost of all rules of one write (kube's RuntimeCELCostBudget).
inline constexpr int64_t kWriteCostMax = 10'000'000;
/// What one rule may cost on the largest object its schema allows, and all rules of one schema
/// (kube's StaticEstimatedCostLimit and StaticEstimatedCRDCostLimit).
inline constexpr uint64_t kEstimatedCostMax = 10'000'000;
inline constexpr uint64_t kEstimatedTotalMax = 100'000'000;
/// Rules that are named when all together cost too much, and the part of it that one must have.
inline constexpr size_t kExpensiveRulesMax = 4;
inline constexpr uint64_t kExpensiveRuleMin = kEstimatedTotalMax / 100;
/// Cost of all conditions of one webhook for one write (kube's
/// RuntimeCELCostBudgetMatchConditions).
inline constexpr int64_t kConditionsCostMax = 2'500'000;
/// Bytes one evaluation may make, freed or not: kube shares the parts of concatenated lists, this
/// copies them.
inline constexpr uint64_t kMadeMax = 64 << 20;
/// Pairs of values that the equalities of one evaluation may look at: twice what cost allows, for
/// shared parts of values are compared each time they are met.
inline constexpr uint64_t kComparedMax = 20'000'000;
/// Text that a messageExpression makes (kube's MaxEvaluatedMessageExpressionSizeBytes).
inline constexpr size_t kMessageBytesMax = 5 * 1024;
/// The request size that kube derives element counts from.
inline constexpr int64_t kRequestBytes = 3 * 1024 * 1024;
/// Memory of one compiled pattern.
inline constexpr int64_t kPatternMemoryBytes = 512 * 1024;
/// Digits that a quantity or semantic version may have.
inline constexpr size_t kNumberDigitsMax = 30;

}  // namespace charter::cel::limits
