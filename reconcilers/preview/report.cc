#include "reconcilers/preview/report.h"

#include "controller/base/limits.h"
#include "reconcilers/preview/findings.h"
#include "reconcilers/preview/markdown.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::preview {
namespace {

using DocumentOutcome = RehearsedDocument::Outcome;

constexpr size_t kEffectColumn = 18;

std::string_view json_word(Effect effect) {
  static constexpr std::string_view kWords[] = {"Created", "Changed", "Restarted", "Replaced",
                                                "Destroyed"};
  return kWords[static_cast<size_t>(effect)];
}

/// The report as text, section by section.
class Page {
 public:
  Page(const Rehearsed& seen, const Findings& found) : seen_(seen), found_(found) {}

  std::string write() {
    write_origin();
    for (const auto& effect : found_.effects)
      write_effect(effect);
    write_departures();
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

  void write_origin() {
    if (!seen_.origin) return;
    const auto& from = *seen_.origin;
    line("Commit " + from.commit + " of " + from.url + (from.path.empty() ? "" : ", " + from.path) +
         ": " + from.message + " (" + from.author + ")\n");
  }

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

  void write_departures() {
    if (found_.departures.empty()) return;
    section("No longer in the repository:");
    for (const auto& one : found_.departures) {
      line("  " + full_name(one.kind, one.name) + ": " + fate_text(one) + " (GitSource " +
           one.source + ")");
    }
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
    if (found_.same_prices()) return;
    section("Price per month:");
    for (const auto& price : found_.prices) {
      const bool total = price.contract.name.empty();
      if (!total && is_same(price)) continue;
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
    if (const auto pruned = found_.count(Departure::Fate::Pruned); pruned > 0)
      counts += ", " + std::to_string(pruned) + " pruned";
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

Json departures_json(const std::vector<Departure>& departures) {
  Json list = Json::array();
  for (const auto& one : departures) {
    Json row = name_json(one.kind, one.name);
    row["source"] = one.source;
    row["fate"] = json_word(one.fate);
    row["why"] = one.why;
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
              {"departures", departures_json(found.departures)},
              {"waits", waits},
              {"placements", placements},
              {"pricesPerMonth", prices_json(found)},
              {"documents", documents}};
  if (!found.price_fault.empty()) all["priceFault"] = found.price_fault;
  if (seen.origin) {
    all["origin"] = {{"url", seen.origin->url},       {"path", seen.origin->path},
                     {"ref", seen.origin->reference}, {"commit", seen.origin->commit},
                     {"author", seen.origin->author}, {"message", seen.origin->message}};
  }
  return all.dump(2) + "\n";
}

}  // namespace

PlanReport report(const Rehearsed& seen, PlanForm form) {
  const Findings found = find(seen);
  PlanReport made;
  switch (form) {
    case PlanForm::ForPeople:
      made.text = Page(seen, found).write();
      break;
    case PlanForm::ForPrograms:
      made.text = write_json(seen, found);
      break;
    case PlanForm::ForReviews:
      made.text = markdown(seen, found);
      break;
  }
  made.changes = !found.effects.empty() || found.count(Departure::Fate::Pruned) > 0 ||
                 found.count(Departure::Fate::Blocked) > 0;
  made.refused = !found.refused.empty();
  return made;
}

}  // namespace charter::preview
