#include "controller/cel/ast.h"

#include "controller/cel/limits.h"
#include "controller/cel/parser.h"
#include "controller/object/utf8.h"

#include <algorithm>

namespace charter::cel {
namespace {

std::string_view line_of(std::string_view source, int line) {
  for (int i = 1; i < line && !source.empty(); ++i) {
    const size_t end = source.find('\n');
    source.remove_prefix(end == std::string_view::npos ? source.size() : end + 1);
  }
  return source.substr(0, source.find('\n'));
}

std::string finding_text(std::string_view source, const Finding& finding) {
  const auto [line, column] = finding.place;
  std::string out = "ERROR: <input>:" + std::to_string(line) + ":" + std::to_string(column + 1) +
                    ": " + finding.message;
  std::string text(line_of(source, line));
  std::replace(text.begin(), text.end(), '\t', ' ');
  constexpr size_t kSnippetCodePointsMax = 16384;
  if (code_points(text) > kSnippetCodePointsMax) return out;
  out += "\n | " + text + "\n | ";
  size_t at = 0;
  for (int i = 0; i < column && at < text.size(); ++i) {
    const size_t length = std::max<size_t>(utf8_length(text, at), 1);
    out += length > 1 ? "\xEF\xBC\x8E" : ".";  // a wide dot below a wide character
    at += length;
  }
  return out + (at < text.size() && utf8_length(text, at) > 1 ? "\xEF\xBC\xBE" : "^");
}

}  // namespace

std::string findings_text(std::string_view source, std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  std::string out;
  for (size_t i = 0; i < findings.size() && i < limits::kErrorsMax; ++i)
    out += (i ? "\n" : "") + finding_text(source, findings[i]);
  if (findings.size() > limits::kErrorsMax)
    out +=
        "\n" + std::to_string(findings.size() - limits::kErrorsMax) + " more errors were truncated";
  return out;
}

void measure(Expr& expr) {
  expr.depth = 1;
  for (const ExprPtr& part : expr.parts)
    expr.depth = std::max(expr.depth, part->depth + 1);
}

ExprPtr ExprMaker::make(Expr::Form form) const {
  auto out = std::make_unique<Expr>();
  out->form = form;
  out->place = place_;
  return out;
}

ExprPtr ExprMaker::ident(std::string name) const {
  ExprPtr out = make(Expr::Form::Ident);
  out->name = std::move(name);
  return out;
}

ExprPtr ExprMaker::constant(Value value) const {
  ExprPtr out = make(Expr::Form::Constant);
  out->constant = std::move(value);
  return out;
}

ExprPtr ExprMaker::text(std::string value) const {
  ExprPtr out = make(Expr::Form::Constant);
  out->text = std::move(value);
  out->constant = Value::text_view(out->text);
  return out;
}

ExprPtr ExprMaker::call(std::string name, std::vector<ExprPtr> parts) const {
  ExprPtr out = make(Expr::Form::Call);
  out->name = std::move(name);
  out->parts = std::move(parts);
  measure(*out);
  return out;
}

ExprPtr ExprMaker::member_call(std::string name, std::vector<ExprPtr> parts) const {
  ExprPtr out = call(std::move(name), std::move(parts));
  out->member = true;
  return out;
}

ExprPtr ExprMaker::list(std::vector<ExprPtr> parts) const {
  ExprPtr out = make(Expr::Form::List);
  out->optional.assign(parts.size(), false);
  out->parts = std::move(parts);
  measure(*out);
  return out;
}

ExprPtr ExprMaker::select(ExprPtr operand, std::string name) const {
  ExprPtr out = make(Expr::Form::Select);
  out->name = std::move(name);
  out->parts.push_back(std::move(operand));
  measure(*out);
  return out;
}

ExprPtr ExprMaker::comprehension(std::string first, std::string second, std::string result,
                                 std::vector<ExprPtr> parts) const {
  ExprPtr out = make(Expr::Form::Comprehension);
  out->first = std::move(first);
  out->second = std::move(second);
  out->result = std::move(result);
  out->parts = std::move(parts);
  measure(*out);
  return out;
}

size_t tree_size(const Expr& expr) {
  size_t out = 1;
  for (const ExprPtr& part : expr.parts)
    out += tree_size(*part);
  return out;
}

ExprPtr clone(const Expr& expr) {
  ExprPtr out = ExprMaker(expr.place).make(expr.form);
  out->name = expr.name;
  out->text = expr.text;
  out->constant =
      expr.constant.kind() == Kind::String ? Value::text_view(out->text) : expr.constant;
  out->optional = expr.optional;
  out->member = expr.member;
  out->test = expr.test;
  out->absolute = expr.absolute;
  out->adds_to_result = expr.adds_to_result;
  out->first = expr.first;
  out->second = expr.second;
  out->result = expr.result;
  for (const ExprPtr& part : expr.parts)
    out->parts.push_back(clone(*part));
  measure(*out);
  return out;
}

}  // namespace charter::cel
