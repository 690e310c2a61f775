#include "controller/cel/estimate.h"

#include "controller/cel/estimate_sizes.h"
#include "controller/cel/functions.h"

#include <map>
#include <unordered_map>

// The walk over the tree: where each value comes from, how large it may be, how often a loop runs.
namespace charter::cel {
namespace {

constexpr uint64_t kListCost = 10;
constexpr uint64_t kMapCost = 30;

/// Sizes of what a list or map holds.
struct EntrySizes {
  bool list = true;
  Sizes key, value;
};

/// A variable of a comprehension.
struct Local {
  Trail trail;
  std::optional<Sizes> size;
  std::optional<EntrySizes> entries;
};

/// Sizes of a literal; nothing of an expression.
std::optional<Sizes> literal_size(const Expr& expr) {
  if (expr.form == Expr::Form::List) return Sizes::exactly(expr.parts.size());
  if (expr.form == Expr::Form::Map) return Sizes::exactly(expr.parts.size() / 2);
  if (expr.form != Expr::Form::Constant || expr.constant.kind() == Kind::Type) return std::nullopt;
  return Sizes::exactly(size_of(expr.constant));
}

bool is_scalar(const Type& type) {
  switch (type.kind) {
    case Kind::Bool:
    case Kind::Double:
    case Kind::Duration:
    case Kind::Int:
    case Kind::Timestamp:
    case Kind::Uint:
      return true;
    case Kind::Optional:
      return !type.parameters.empty() && is_scalar(*type.parameters[0]);
    default:
      return false;
  }
}

std::optional<Sizes> joined(const std::optional<Sizes>& a, const std::optional<Sizes>& b) {
  return a && b ? std::optional(*a | *b) : a ? a : b;
}

std::optional<EntrySizes> covering(const std::optional<EntrySizes>& a,
                                   const std::optional<EntrySizes>& b) {
  if (!a || !b) return std::nullopt;
  return EntrySizes{a->list, a->key | b->key, a->value | b->value};
}

/// One estimate.
class Estimator {
 public:
  explicit Estimator(const Declared& root) : root_(root) {}

  uint64_t cost(const Expr& expr) {
    switch (expr.form) {
      case Expr::Form::Constant:
        return type_name(expr);
      case Expr::Form::Ident:
        return ident(expr);
      case Expr::Form::Select:
        return select(expr);
      case Expr::Form::Call:
        return call(expr);
      case Expr::Form::List:
        return list(expr);
      case Expr::Form::Map:
        return map(expr);
      case Expr::Form::Comprehension:
        return is_binding(expr) ? binding(expr) : comprehension(expr);
      case Expr::Form::Object:
        break;
    }
    return 0;
  }

 private:
  // The name of a type is a variable of the environment.
  uint64_t type_name(const Expr& expr) {
    if (expr.constant.kind() != Kind::Type) return 0;
    trails_[&expr] = Trail::at(root_);
    return 1;
  }

  uint64_t ident(const Expr& expr) {
    const auto local = locals_.find(expr.slot);
    trails_[&expr] = local != locals_.end() ? local->second.trail : Trail::at(root_);
    return 1;
  }

  uint64_t select(const Expr& expr) {
    const Expr& operand = *expr.parts[0];
    uint64_t out = cost(operand);
    if (expr.test) return out;
    const Kind kind = operand.type->kind;
    if (kind == Kind::Map || kind == Kind::Object) out = bounded_sum(out, 1);
    trails_[&expr] = step(trail_of(operand), root_, expr.name);
    return out;
  }

  uint64_t call(const Expr& expr) {
    if (expr.name == "dyn" && !expr.member && expr.parts.size() == 1) return untyped(expr);
    switch (expr.operation) {
      case Operation::And:
      case Operation::Or:
        return all_of(expr);
      case Operation::Conditional:
        return conditional(expr);
      case Operation::OptionalSelect:
        return bounded_sum(1, cost(*expr.parts[0]));
      default:
        return function(expr);
    }
  }

  uint64_t all_of(const Expr& expr) {
    uint64_t out = 0;
    for (const ExprPtr& part : expr.parts)
      out = bounded_sum(out, cost(*part));
    return out;
  }

  uint64_t untyped(const Expr& expr) {
    const Expr& part = *expr.parts[0];
    const uint64_t out = bounded_sum(1, cost(part));
    copy_sizes(expr, part);
    return out;
  }

  uint64_t conditional(const Expr& expr) {
    const uint64_t test = cost(*expr.parts[0]);
    const Expr& yes = *expr.parts[1];
    const Expr& no = *expr.parts[2];
    const uint64_t branch = std::max(cost(yes), cost(no));
    sizes_[&expr] = size_of_expr(yes).value_or(Sizes{}) | size_of_expr(no).value_or(Sizes{});
    set_entries(expr, covering(entries_of(yes), entries_of(no)));
    return bounded_sum(test, branch);
  }

  uint64_t function(const Expr& expr) {
    uint64_t before = 0;
    std::vector<Operand> args;
    for (size_t i = expr.member ? 1 : 0; i < expr.parts.size(); ++i) {
      before = bounded_sum(before, cost(*expr.parts[i]));
      args.push_back(operand(*expr.parts[i]));
    }
    Operand target;
    if (expr.member) {
      // The input of sortBy is bound to a name there; it stands twice in this tree.
      const uint64_t once = cost(*expr.parts[0]);
      before = bounded_sum(before, expr.name == "@sortByAssociatedKeys" ? kListCost + 1 : once);
      target = operand(*expr.parts[0]);
    }
    uint64_t most = 0;
    std::optional<Sizes> result;
    for (const Overload* overload : expr.overloads) {
      const CallEstimate one =
          estimate_call(*overload, expr.member ? &target : nullptr, args, root_);
      most = std::max(most, one.cost);
      result = joined(result, one.result);
      follow_index(expr, *overload, result);
      if (!result) result = size_of_expr(expr);
    }
    follow_sum(expr);
    if (result) sizes_[&expr] = *result;
    return bounded_sum(before, most);
  }

  // Where an element comes from, and how large it is if a literal holds it.
  void follow_index(const Expr& expr, const Overload& overload, std::optional<Sizes>& result) {
    const bool list = overload.id == "index_list";
    if (!list && overload.id != "index_map") return;
    const Expr& from = *expr.parts[0];
    const auto entries = entries_of(from);
    result = entries ? std::optional(entries->value) : std::nullopt;
    trails_[&expr] = step(trail_of(from), root_, list ? kItems : kValues);
  }

  // What two lists hold, their sum holds.
  void follow_sum(const Expr& expr) {
    if (expr.name != "_+_" || expr.parts.size() != 2) return;
    set_entries(expr, covering(entries_of(*expr.parts[0]), entries_of(*expr.parts[1])));
  }

  uint64_t list(const Expr& expr) {
    uint64_t out = kListCost;
    Sizes item{kUnbounded, 0};
    for (const ExprPtr& part : expr.parts) {
      out = bounded_sum(out, cost(*part));
      item = item | size_of_expr(*part).value_or(Sizes{});
    }
    if (expr.parts.empty()) item.least = 0;
    entries_[&expr] = {true, Sizes::exactly(1), item};
    return out;
  }

  uint64_t map(const Expr& expr) {
    uint64_t out = kMapCost;
    Sizes key{kUnbounded, 0}, value{kUnbounded, 0};
    for (size_t i = 0; i < expr.parts.size(); ++i) {
      out = bounded_sum(out, cost(*expr.parts[i]));
      Sizes& sum = i % 2 == 0 ? key : value;
      sum = sum | size_of_expr(*expr.parts[i]).value_or(Sizes{});
    }
    if (expr.parts.empty()) key.least = value.least = 0;
    entries_[&expr] = {false, key, value};
    return out;
  }

  // optMap binds a name by a loop that never runs.
  static bool is_binding(const Expr& expr) {
    const Expr& range = *expr.parts[0];
    const Expr& condition = *expr.parts[2];
    return range.form == Expr::Form::List && range.parts.empty() &&
           condition.form == Expr::Form::Constant && condition.constant.is(false) &&
           expr.result != "@result";
  }

  uint64_t binding(const Expr& expr) {
    uint64_t out = bounded_sum(cost(*expr.parts[0]), cost(*expr.parts[1]));
    bind(expr.slot, *expr.parts[1]);
    out = bounded_sum(out, cost(*expr.parts[4]));
    locals_.erase(expr.slot);
    copy_sizes(expr, *expr.parts[4]);
    return out;
  }

  uint64_t comprehension(const Expr& expr) {
    const Expr& range = *expr.parts[0];
    const Expr& initial = *expr.parts[1];
    uint64_t out = bounded_sum(cost(range), cost(initial));
    bind(expr.slot, initial);
    bind_elements(expr, range);
    const uint64_t pass = bounded_sum(cost(*expr.parts[2]), cost(*expr.parts[3]));
    locals_.erase(expr.slot + 1);
    locals_.erase(expr.slot + 2);
    out = bounded_sum(out, cost(*expr.parts[4]));
    locals_.erase(expr.slot);
    const Sizes count = size_of_expr(range).value_or(Sizes{});
    out = bounded_sum(out, bounded_product(count.most, pass));
    if (initial.form == Expr::Form::Constant) {
      if (const auto size = size_of_expr(initial)) sizes_[&expr] = *size;
    } else if (initial.form == Expr::Form::List || initial.form == Expr::Form::Map) {
      sizes_[&expr] = count;
      set_entries(expr, entries_of(*expr.parts[3]));
    }
    return out;
  }

  void bind(int slot, const Expr& value) {
    locals_[slot] = {trail_of(value), size_of_expr(value), entries_of(value)};
  }

  void bind_elements(const Expr& expr, const Expr& range) {
    const auto entries = entries_of(range);
    const bool list = entries ? entries->list : range.type->kind == Kind::List;
    const auto local = [&](std::string_view name, bool key) {
      std::optional<Sizes> size;
      if (entries) size = key ? entries->key : entries->value;
      return Local{step(trail_of(range), root_, name), size, std::nullopt};
    };
    if (expr.second.empty()) {
      locals_[expr.slot + 1] = list ? local(kItems, false) : local(kKeys, true);
      return;
    }
    locals_[expr.slot + 1] = local(list ? "@indices" : kKeys, true);
    locals_[expr.slot + 2] = local(list ? kItems : kValues, false);
  }

  Trail trail_of(const Expr& expr) const {
    if (expr.form == Expr::Form::Ident) {
      const auto local = locals_.find(expr.slot);
      if (local != locals_.end()) return local->second.trail;
    }
    const auto at = trails_.find(&expr);
    return at == trails_.end() ? Trail{} : at->second;
  }

  Operand operand(const Expr& expr) { return {&expr, size_of_expr(expr), trail_of(expr)}; }

  std::optional<Sizes> size_of_expr(const Expr& expr) {
    if (const auto at = sizes_.find(&expr); at != sizes_.end()) return at->second;
    if (const auto size = literal_size(expr)) return size;
    if (const auto size = size_at(trail_of(expr))) {
      sizes_[&expr] = *size;
      return size;
    }
    if (is_scalar(*expr.type)) return Sizes::exactly(1);
    if (expr.form != Expr::Form::Ident) return std::nullopt;
    const auto local = locals_.find(expr.slot);
    return local == locals_.end() ? std::nullopt : local->second.size;
  }

  std::optional<EntrySizes> entries_of(const Expr& expr) const {
    if (const auto at = entries_.find(&expr); at != entries_.end()) return at->second;
    if (expr.form != Expr::Form::Ident) return std::nullopt;
    const auto local = locals_.find(expr.slot);
    return local == locals_.end() ? std::nullopt : local->second.entries;
  }

  void set_entries(const Expr& expr, const std::optional<EntrySizes>& sizes) {
    if (sizes) entries_[&expr] = *sizes;
  }

  void copy_sizes(const Expr& to, const Expr& from) {
    if (const auto size = size_of_expr(from)) sizes_[&to] = *size;
    set_entries(to, entries_of(from));
  }

  const Declared& root_;
  std::unordered_map<const Expr*, Trail> trails_;
  std::unordered_map<const Expr*, Sizes> sizes_;
  std::unordered_map<const Expr*, EntrySizes> entries_;
  std::map<int, Local> locals_;  ///< by slot
};

}  // namespace

Trail step(const Trail& from, const Declared& root, std::string_view name) {
  // A value that the schema does not know has its parts, oddly, from the root.
  if (from.state == Trail::State::None) return Trail::at(root);
  const Trail lost{Trail::State::Lost, nullptr};
  if (from.state == Trail::State::Lost) return lost;
  const Declared* next = nullptr;
  if (name == kItems || name == kValues) {
    next = from.node->element.get();
  } else if (name == kKeys) {
    static const Declared kKey;  // no size: bounds of keys are not known
    if (from.node->shape == Shape::Map) next = &kKey;
  } else {
    next = from.node->field(name);
  }
  return next != nullptr ? Trail::at(*next) : lost;
}

std::optional<Sizes> size_at(const Trail& trail) {
  if (trail.state != Trail::State::Found) return std::nullopt;
  return Sizes{0, trail.node->size_max};
}

uint64_t estimate_cost(const Expr& expr, const Declared& root) {
  return Estimator(root).cost(expr);
}

}  // namespace charter::cel
