#include "reconcilers/preview/report.h"

#include "controller/base/limits.h"
#include "reconcilers/preview/effects.h"
#include "reconcilers/preview/prices.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace charter::preview {
namespace {

using DocumentOutcome = RehearsedDocument::Outcome;

constexpr std::array kEffects = {Effect::Created, Effect::Changed, Effect::Restarted,
                                 Effect::Replaced, Effect::Destroyed};
constexpr size_t kEffectColumn = 18;

std::string_view sign_of(Effect effect) {
  static constexpr std::string_view kSigns[] = {"+", "~", "!", "±", "-"};
  return kSigns[static_cast<size_t>(effect)];
}

std::string_view json_word(Effect effect) {
  static constexpr std::string_view kWords[] = {"Created", "Changed", "Restarted", "Replaced",
                                                "Destroyed"};
  return kWords[static_cast<size_t>(effect)];
}

std::string full_name(const std::string& kind, const ObjectName& name) {
  return kind + " " + to_string(name);
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : text;
}

/// Everything that is told, in one place for both forms.
struct Findings {
  std::vector<ObjectEffect> effects;
  std::vector<Wait> waits;
  std::vector<PlacedInstance> placements;
  std::vector<PriceChange> prices;
  std::string price_fault;  ///< why there are none
  std::vector<const RehearsedDocument*> refused;

  int64_t count(Effect effect) const {
    return std::count_if(effects.begin(), effects.end(),
                         [effect](const ObjectEffect& e) { return e.effect == effect; });
  }
};

Findings find(const Rehearsed& seen) {
  Findings found{.effects = effects_between(seen.before, seen.after),
                 .waits = waits_between(seen.before, seen.after),
                 .placements = new_placements(seen.before, seen.after)};
  auto prices = price_changes(seen.before, seen.after);
  if (prices) {
    found.prices = std::move(*prices);
  } else {
    found.price_fault = prices.error().message;
  }
  for (const auto& document : seen.documents) {
    if (document.outcome == DocumentOutcome::Refused) found.refused.push_back(&document);
  }
  return found;
}

/// The report as text, section by section.
class Page {
 public:
  Page(const Rehearsed& seen, const Findings& found) : seen_(seen), found_(found) {}

  std::string write() {
    for (const auto& effect : found_.effects)
      write_effect(effect);
    write_waits();
    write_placements();
    write_prices();
    write_documents();
    write_counts();
    return std::move(text_);
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void section(const std::string& title) { line((text_.empty() ? "" : "\n") + title); }

  void write_effect(const ObjectEffect& effect) {
    std::string word(to_word(effect.effect));
    word.resize(kEffectColumn, ' ');
    line(std::string(sign_of(effect.effect)) + " " + word + full_name(effect.kind, effect.name));
    const size_t shown = std::min(effect.fields.size(), limits::kPlanDetailsMax);
    for (size_t i = 0; i < shown; ++i) {
      const auto& field = effect.fields[i];
      line("      " + field.path + ": " + or_none(field.from) + " -> " + or_none(field.to));
    }
    if (shown < effect.fields.size())
      line("      and " + std::to_string(effect.fields.size() - shown) + " more fields");
  }

  void write_waits() {
    if (found_.waits.empty()) return;
    section("Waits:");
    for (const auto& wait : found_.waits)
      line("  " + full_name(wait.kind, wait.name) + ": " + wait.reason + ": " + wait.message);
  }

  void write_placements() {
    if (found_.placements.empty()) return;
    section("Placement:");
    for (const auto& placed : found_.placements) {
      line("  ServiceInstance " + to_string(placed.instance) + " on provider " + placed.provider +
           " (" + placed.region + ", " + placed.jurisdiction + ")");
    }
  }

  void write_prices() {
    if (!found_.price_fault.empty()) return section("Price per month: " + found_.price_fault);
    const auto same = [](const PriceChange& price) {
      return price.before == price.after && !price.offered;
    };
    if (std::all_of(found_.prices.begin(), found_.prices.end(), same)) return;
    section("Price per month:");
    for (const auto& price : found_.prices) {
      const bool total = price.contract.name.empty();
      if (!total && same(price)) continue;
      line("  " + (total ? "all contracts" : full_name("Contract", price.contract)) + ": " +
           or_none(price.before) + " -> " + or_none(price.after) +
           (price.offered ? " (an offer, to be accepted)" : ""));
    }
  }

  void write_documents() {
    bool warned = false;
    for (const auto& document : seen_.documents) {
      for (const auto& warning : document.warnings) {
        if (!warned) section("Warnings:");
        warned = true;
        line("  " + document.source + ": " + full_name(document.kind, document.name) + ": " +
             warning);
      }
    }
    if (found_.refused.empty()) return;
    section("Refused:");
    for (const auto* document : found_.refused) {
      line("  " + document->source + ": " + full_name(document->kind, document->name) + ": " +
           document->message);
    }
  }

  void write_counts() {
    std::string counts;
    for (const Effect effect : kEffects) {
      counts += (counts.empty() ? "" : ", ") + std::to_string(found_.count(effect)) + " " +
                std::string(to_word(effect));
    }
    section("Plan: " + counts + ", " + std::to_string(found_.refused.size()) +
            " refused. Nothing was changed on the server.");
  }

  const Rehearsed& seen_;
  const Findings& found_;
  std::string text_;
};

Json name_json(const std::string& kind, const ObjectName& name) {
  return {{"kind", kind}, {"namespace", name.ns}, {"name", name.name}};
}

Json effects_json(const std::vector<ObjectEffect>& effects) {
  Json list = Json::array();
  for (const auto& effect : effects) {
    Json row = name_json(effect.kind, effect.name);
    row["effect"] = json_word(effect.effect);
    row["fields"] = Json::array();
    for (const auto& field : effect.fields)
      row["fields"].push_back({{"path", field.path}, {"from", field.from}, {"to", field.to}});
    list.push_back(std::move(row));
  }
  return list;
}

Json prices_json(const Findings& found) {
  Json list = Json::array();
  for (const auto& price : found.prices) {
    Json row = {{"before", price.before}, {"after", price.after}};
    if (price.contract.name.empty()) {
      row["total"] = true;
    } else {
      row["contract"] = {{"namespace", price.contract.ns}, {"name", price.contract.name}};
      row["offered"] = price.offered;
    }
    list.push_back(std::move(row));
  }
  return list;
}

std::string_view outcome_word(DocumentOutcome outcome) {
  static constexpr std::string_view kWords[] = {"Created", "Changed", "Unchanged", "Refused"};
  return kWords[static_cast<size_t>(outcome)];
}

std::string write_json(const Rehearsed& seen, const Findings& found) {
  Json waits = Json::array(), placements = Json::array(), documents = Json::array();
  for (const auto& wait : found.waits) {
    Json row = name_json(wait.kind, wait.name);
    row["reason"] = wait.reason;
    row["message"] = wait.message;
    waits.push_back(std::move(row));
  }
  for (const auto& placed : found.placements) {
    placements.push_back({{"namespace", placed.instance.ns},
                          {"name", placed.instance.name},
                          {"provider", placed.provider},
                          {"region", placed.region},
                          {"jurisdiction", placed.jurisdiction}});
  }
  for (const auto& document : seen.documents) {
    Json row = name_json(document.kind, document.name);
    row["source"] = document.source;
    row["outcome"] = outcome_word(document.outcome);
    row["message"] = document.message;
    row["warnings"] = document.warnings;
    documents.push_back(std::move(row));
  }
  Json all = {{"objects", effects_json(found.effects)},
              {"waits", waits},
              {"placements", placements},
              {"pricesPerMonth", prices_json(found)},
              {"documents", documents}};
  if (!found.price_fault.empty()) all["priceFault"] = found.price_fault;
  return all.dump(2) + "\n";
}

}  // namespace

PlanReport report(const Rehearsed& seen, PlanForm form) {
  const Findings found = find(seen);
  PlanReport made;
  made.text = form == PlanForm::ForPrograms ? write_json(seen, found) : Page(seen, found).write();
  made.changes = !found.effects.empty();
  made.refused = !found.refused.empty();
  return made;
}

}  // namespace charter::preview
