#include "controller/cel/parser.h"

#include <utility>

// Macros: each becomes a comprehension, the one loop there is.
namespace charter::cel {
namespace {

constexpr const char* kResult = "@result";

ExprPtr refuse(std::vector<Finding>& findings, const Expr& at, std::string message) {
  findings.push_back({at.place, std::move(message)});
  return nullptr;
}

/// Expands one call; `call` is its own from then on.
class Macro {
 public:
  Macro(ExprPtr call, std::vector<Finding>& findings)
      : call_(std::move(call)), findings_(findings), make_(call_->place) {}

  ExprPtr has() {
    ExprPtr& operand = call_->parts[0];
    if (operand->form != Expr::Form::Select || operand->test)
      return refuse(findings_, *operand, "invalid argument to has() macro");
    operand->test = true;
    operand->place = call_->place;
    return std::move(operand);
  }

  // all, exists, exists_one with one or two variables.
  ExprPtr quantifier() {
    if (!variables(call_->parts.size() - 2, "argument must be a simple name")) return nullptr;
    ExprPtr test = std::move(call_->parts.back());
    const std::string_view name = call_->name;
    if (name == "all")
      return loop(make_.constant(Value::boolean(true)),
                  make_.call("@not_strictly_false", parts_of(result())),
                  make_.call("_&&_", parts_of(result(), std::move(test))), result());
    if (name == "exists") {
      ExprPtr open = make_.call("!_", parts_of(result()));
      return loop(make_.constant(Value::boolean(false)),
                  make_.call("@not_strictly_false", parts_of(std::move(open))),
                  make_.call("_||_", parts_of(result(), std::move(test))), result());
    }
    ExprPtr more = make_.call("_+_", parts_of(result(), make_.constant(Value::integer(1))));
    ExprPtr one = make_.call("_==_", parts_of(result(), make_.constant(Value::integer(1))));
    return loop(make_.constant(Value::integer(0)), make_.constant(Value::boolean(true)),
                choose(std::move(test), std::move(more)), std::move(one));
  }

  ExprPtr filter() {
    if (!variables(1, "argument is not an identifier")) return nullptr;
    ExprPtr kept = make_.list(parts_of(make_.ident(first_)));
    return collect(std::move(call_->parts[2]), std::move(kept));
  }

  // map(x, t) and map(x, p, t); transformList with two variables.
  ExprPtr transform_list(size_t names) {
    if (!variables(names,
                   names == 1 ? "argument is not an identifier" : "argument must be a simple name"))
      return nullptr;
    ExprPtr test = call_->parts.size() == names + 3 ? std::move(call_->parts[names + 1]) : nullptr;
    return collect(std::move(test), make_.list(parts_of(std::move(call_->parts.back()))));
  }

  // transformMap keeps the key; transformMapEntry makes maps of one entry that are merged.
  ExprPtr transform_map() {
    if (!variables(2, "argument must be a simple name")) return nullptr;
    ExprPtr test = call_->parts.size() == 5 ? std::move(call_->parts[3]) : nullptr;
    ExprPtr made = std::move(call_->parts.back());
    ExprPtr step =
        call_->name == "transformMap"
            ? make_.call("cel.@mapInsert", parts_of(result(), make_.ident(first_), std::move(made)))
            : make_.call("cel.@mapInsert", parts_of(result(), std::move(made)));
    step->adds_to_result = true;
    if (test) step = choose(std::move(test), std::move(step));
    return loop(make_.make(Expr::Form::Map), make_.constant(Value::boolean(true)), std::move(step),
                result());
  }

  // target.hasValue() ? optional.of(expr with v = target.value()) : optional.none()
  ExprPtr opt_map(bool flat) {
    ExprPtr& name = call_->parts[1];
    if (name->form != Expr::Form::Ident)
      return refuse(findings_, *name,
                    std::string(flat ? "optFlatMap" : "optMap") +
                        "() variable name must be a simple identifier");
    ExprPtr target = std::move(call_->parts[0]);
    ExprPtr has_value = make_.member_call("hasValue", parts_of(clone(*target)));
    ExprPtr value = make_.member_call("value", parts_of(std::move(target)));
    ExprPtr bound = make_.comprehension(
        "#unused", "", name->name,
        parts_of(make_.list({}), std::move(value), make_.constant(Value::boolean(false)),
                 make_.ident(name->name), std::move(call_->parts[2])));
    if (!flat) bound = optional_call("of", parts_of(std::move(bound)));
    return make_.call("_?_:_",
                      parts_of(std::move(has_value), std::move(bound), optional_call("none", {})));
  }

  ExprPtr sort_by() {
    if (!variables(1, "argument must be a simple name")) return nullptr;
    ExprPtr input = clone(*call_->parts[0]);
    ExprPtr keys = collect(nullptr, make_.list(parts_of(std::move(call_->parts.back()))));
    return make_.member_call("@sortByAssociatedKeys", parts_of(std::move(input), std::move(keys)));
  }

 private:
  ExprPtr result() const { return make_.ident(kResult); }

  ExprPtr optional_call(std::string name, std::vector<ExprPtr> parts) const {
    return make_.call("optional." + std::move(name), std::move(parts));
  }

  ExprPtr choose(ExprPtr test, ExprPtr step) const {
    return make_.call("_?_:_", parts_of(std::move(test), std::move(step), result()));
  }

  // Appends `items` for each element that passes `test`.
  ExprPtr collect(ExprPtr test, ExprPtr items) {
    ExprPtr step = make_.call("_+_", parts_of(result(), std::move(items)));
    step->adds_to_result = true;
    if (test) step = choose(std::move(test), std::move(step));
    return loop(make_.list({}), make_.constant(Value::boolean(true)), std::move(step), result());
  }

  ExprPtr loop(ExprPtr initial, ExprPtr condition, ExprPtr step, ExprPtr end) {
    return make_.comprehension(first_, second_, kResult,
                               parts_of(std::move(call_->parts[0]), std::move(initial),
                                        std::move(condition), std::move(step), std::move(end)));
  }

  // Reads the names of the variables, which follow the target.
  bool variables(size_t count, const char* problem) {
    for (size_t i = 1; i <= count; ++i) {
      const Expr& part = *call_->parts[i];
      if (part.form != Expr::Form::Ident) {
        refuse(findings_, part, problem);
        return false;
      }
      if (part.name == "__result__") {
        refuse(findings_, part, "iteration variable overwrites accumulator variable");
        return false;
      }
      (i == 1 ? first_ : second_) = part.name;
    }
    if (count == 2 && first_ == second_) {
      refuse(findings_, *call_->parts[2], "duplicate variable name: " + second_);
      return false;
    }
    return true;
  }

  ExprPtr call_;
  std::vector<Finding>& findings_;
  ExprMaker make_;
  std::string first_, second_;
};

}  // namespace

Expansion expand_macro(ExprPtr& call, std::vector<Finding>& findings) {
  const std::string name = call->name;
  const size_t count = call->parts.size() - (call->member ? 1 : 0);
  const auto expand = [&](auto&& rule) {
    Macro macro(std::move(call), findings);
    return Expansion{true, rule(macro)};
  };
  if (!call->member) {
    if (name != "has" || count != 1) return {};
    return expand([](Macro& macro) { return macro.has(); });
  }
  const bool one = name == "exists_one" || name == "existsOne";
  if ((name == "all" || name == "exists" || one) && (count == 2 || count == 3))
    return expand([](Macro& macro) { return macro.quantifier(); });
  if (name == "filter" && count == 2) return expand([](Macro& macro) { return macro.filter(); });
  if (name == "map" && (count == 2 || count == 3))
    return expand([](Macro& macro) { return macro.transform_list(1); });
  if (name == "transformList" && (count == 3 || count == 4))
    return expand([](Macro& macro) { return macro.transform_list(2); });
  if ((name == "transformMap" || name == "transformMapEntry") && (count == 3 || count == 4))
    return expand([](Macro& macro) { return macro.transform_map(); });
  if ((name == "optMap" || name == "optFlatMap") && count == 2)
    return expand([flat = name == "optFlatMap"](Macro& macro) { return macro.opt_map(flat); });
  if (name == "sortBy" && count == 2) return expand([](Macro& macro) { return macro.sort_by(); });
  return {};
}

}  // namespace charter::cel
