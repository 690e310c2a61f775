#include "reconcilers/preview/markdown.h"

#include "controller/base/limits.h"
#include "controller/object/utf8.h"

#include <algorithm>

namespace charter::preview {
namespace {

constexpr size_t kRowsMax = 100;       // of one table: a comment of GitHub holds 65,536 characters
constexpr size_t kSpanBytesMax = 200;  // of one value
constexpr size_t kCommentBytesMax = 60'000;  // with room for what a pipeline puts around it

/// A code span that may stand in a table.
std::string code(std::string_view text) {
  std::string span;
  for (const char c : utf8_prefix(text, kSpanBytesMax)) {
    if (c == '`') {
      span += '\'';
    } else if (c == '|') {
      span += "\\|";
    } else {
      span += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  if (text.size() > kSpanBytesMax) span += "…";
  return span.empty() ? "" : "`" + span + "`";
}

std::string counts(const Findings& found) {
  std::string text;
  for (const Effect effect : kEffects) {
    const auto count = found.count(effect);
    if (count > 0)
      text +=
          (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(to_word(effect));
  }
  if (const auto pruned = found.count(Departure::Fate::Pruned); pruned > 0)
    text += (text.empty() ? "" : ", ") + std::to_string(pruned) + " pruned";
  if (text.empty()) text = "nothing changes";
  if (!found.refused.empty()) text += ", " + std::to_string(found.refused.size()) + " refused";
  return text;
}

/// One section: a title, and rows of which only the first kRowsMax are shown.
class Section {
 public:
  Section(std::string title, std::string columns) : head_(std::move(title)) {
    head_ = "\n#### " + head_ + "\n\n" + columns + "\n";
    const auto bars = std::count(columns.begin(), columns.end(), '|');
    for (int64_t i = 1; i < bars; ++i)
      head_ += "|---";
    head_ += "|\n";
  }
  void row(std::initializer_list<std::string> cells) {
    if (++rows_ > kRowsMax) return;
    body_ += "|";
    for (const auto& cell : cells)
      body_ += " " + cell + " |";
    body_ += "\n";
  }
  std::string text() const {
    if (rows_ == 0) return "";
    if (rows_ <= kRowsMax) return head_ + body_;
    return head_ + body_ + "\nand " + std::to_string(rows_ - kRowsMax) + " more\n";
  }

 private:
  std::string head_, body_;
  size_t rows_ = 0;
};

std::string fields(const ObjectEffect& effect) {
  std::string text;
  const size_t shown = std::min(effect.fields.size(), limits::kPlanDetailsMax);
  for (size_t i = 0; i < shown; ++i) {
    const auto& field = effect.fields[i];
    text += (i == 0 ? "" : "<br>") + code(field.path) + ": " + code(or_none(field.from)) + " → " +
            code(or_none(field.to));
  }
  if (shown < effect.fields.size())
    text += "<br>and " + std::to_string(effect.fields.size() - shown) + " more fields";
  return text;
}

std::string effects(const Findings& found) {
  Section section("Objects", "| | | Object | Fields |");
  for (const auto& effect : found.effects)
    section.row({code(sign_of(effect.effect)), std::string(to_word(effect.effect)),
                 code(full_name(effect.kind, effect.name)), fields(effect)});
  return section.text();
}

std::string prices(const Findings& found) {
  if (!found.price_fault.empty())
    return "\n#### Price per month\n\n" + code(found.price_fault) + "\n";
  if (found.same_prices()) return "";
  Section section("Price per month", "| Contract | Now | Then | |");
  for (const auto& price : found.prices) {
    const bool total = price.contract.name.empty();
    if (!total && is_same(price)) continue;
    section.row({total ? "**all contracts**" : code(to_string(price.contract)),
                 code(or_none(price.before)), code(or_none(price.after)),
                 price.offered ? "an offer, to be accepted" : ""});
  }
  return section.text();
}

std::string refusals(const Findings& found) {
  Section section("Refused", "| File | Object | Why |");
  for (const auto* document : found.refused)
    section.row({code(document->source), code(full_name(document->kind, document->name)),
                 code(document->message)});
  return section.text();
}

std::string departures(const Findings& found) {
  Section section("No longer in the repository", "| Object | What happens | Source |");
  for (const auto& one : found.departures)
    section.row({code(full_name(one.kind, one.name)), code(fate_text(one)), code(one.source)});
  return section.text();
}

std::string rest(const Rehearsed& seen, const Findings& found) {
  Section placements("Placement", "| Instance | Provider | Region | Jurisdiction |");
  for (const auto& placed : found.placements)
    placements.row({code(to_string(placed.instance)), code(placed.provider), code(placed.region),
                    code(placed.jurisdiction)});
  Section waits("Waits", "| Object | Reason | |");
  for (const auto& wait : found.waits)
    waits.row({code(full_name(wait.kind, wait.name)), code(wait.reason), code(wait.message)});
  Section warnings("Warnings", "| File | Object | |");
  for (const auto& document : seen.documents)
    for (const auto& warning : document.warnings)
      warnings.row(
          {code(document.source), code(full_name(document.kind, document.name)), code(warning)});
  return placements.text() + waits.text() + warnings.text();
}

}  // namespace

std::string markdown(const Rehearsed& seen, const Findings& found) {
  std::string text = "### Charter plan: " + counts(found) + "\n";
  if (seen.origin)
    text += "\nCommit " + code(seen.origin->commit) + " " + code(seen.origin->message) + " by " +
            code(seen.origin->author) +
            (seen.origin->path.empty() ? "" : ", path " + code(seen.origin->path)) + "\n";
  const std::string last = "\nNothing was changed on the server.\n";
  // What stops a merge comes first, so that it is never what is cut.
  for (const auto& section :
       {refusals(found), departures(found), prices(found), effects(found), rest(seen, found)}) {
    if (text.size() + section.size() > kCommentBytesMax)
      return text + "\nThe rest is too long for a comment: run `charter plan` for all of it.\n" +
             last;
    text += section;
  }
  return text + last;
}

}  // namespace charter::preview
