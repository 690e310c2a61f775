#include "reconcilers/preview/departures.h"

#include "controller/git/git_url.h"
#include "crds/types/git_source.h"
#include "crds/types/kinds.h"
#include "reconcilers/git_source/guards.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace charter::preview {
namespace {

using Fate = Departure::Fate;
using Identity = std::pair<std::string, ObjectName>;  // kind and name

std::string_view without_slashes(std::string_view path) {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string_view repository_of(const GitUrl& url) {
  std::string_view path = without_slashes(url.path);
  if (path.ends_with(".git") && url.scheme != GitUrl::Scheme::File)
    path = without_slashes(path.substr(0, path.size() - 4));
  return path;
}

std::vector<GitSource> sources_of(const DocumentOrigin& origin, const std::vector<Json>& objects) {
  std::vector<GitSource> out;
  for (const Json& object : objects) {
    const bool is_source = text_at(object, {"kind"}) == kinds::kind_of(kinds::git_sources()) &&
                           text_at(object, {"apiVersion"}) == kinds::kApiVersion;
    if (!is_source) continue;
    const auto source = read_git_source(object);
    const bool follows = source && same_repository(source->spec.url, origin.url) &&
                         without_slashes(source->spec.path) == without_slashes(origin.path);
    if (follows) out.push_back(*source);
  }
  return out;
}

std::string target_word(const std::string& api_version, const Identity& what) {
  return api_version + " " + what.first + " " + to_string(what.second);
}

/// What leaves one source.
class Leaver {
 public:
  Leaver(const GitSource& source, const std::map<std::string, const Json*>& live, bool refused)
      : source_(source), live_(live), refused_(refused) {}

  std::vector<Departure> find(const std::set<Identity>& kept) {
    for (const auto& entry : source_.status.inventory) {
      const Identity what{entry.kind, {entry.ns, entry.name}};
      if (!kept.contains(what)) judge(entry, what);
    }
    const bool guarded = std::any_of(found_.begin(), found_.end(),
                                     [](const auto& one) { return one.fate == Fate::Blocked; });
    for (Departure& one : found_) {
      if (one.fate != Fate::Pruned) continue;
      if (guarded) block(one, "nothing is deleted while another one is blocked");
      if (refused_) block(one, "nothing of the commit is applied while a document is refused");
    }
    return std::move(found_);
  }

 private:
  static void block(Departure& one, const char* why) {
    one.fate = Fate::Blocked;
    one.why = why;
  }

  void judge(const GitSource::Entry& entry, const Identity& what) {
    const auto live = live_.find(target_word(entry.api_version, what));
    if (live == live_.end()) return;
    if (!text_at(*live->second, {"metadata", "deletionTimestamp"}).empty()) return;
    Departure one{source_.meta.name, what.first, what.second, Fate::Stays, ""};
    const std::string manager = git_source::field_manager_of(source_.meta.name);
    const std::string guard = git_source::guard_of(*live->second);
    if (source_.spec.suspend) {
      one.why = "the source is suspended";
    } else if (!source_.spec.prune) {
      one.why = "prune is off";
    } else if (entry.adopted) {
      one.why = "it was there before the source applied it";
    } else if (!git_source::is_still_of(*live->second, manager)) {
      one.why = "no field of it is the source's any more";
    } else {
      one.fate = guard.empty() ? Fate::Pruned : Fate::Blocked;
      one.why = guard;
    }
    found_.push_back(std::move(one));
  }

  const GitSource& source_;
  const std::map<std::string, const Json*>& live_;
  const bool refused_;
  std::vector<Departure> found_;
};

}  // namespace

std::string_view json_word(Fate fate) {
  constexpr std::string_view kWords[] = {"Pruned", "Blocked", "Stays"};
  return kWords[static_cast<size_t>(fate)];
}

std::string fate_text(const Departure& departure) {
  if (departure.fate == Fate::Pruned) return "would be pruned";
  return (departure.fate == Fate::Blocked ? "blocked: " : "stays: ") + departure.why;
}

bool same_repository(const std::string& a, const std::string& b) {
  const auto one = parse_git_url(a);
  const auto other = parse_git_url(b);
  if (!one || !other) return false;
  if (one->scheme == other->scheme && one->port != other->port) return false;
  const bool files = one->scheme == GitUrl::Scheme::File;
  return files == (other->scheme == GitUrl::Scheme::File) &&
         lower(one->host) == lower(other->host) && repository_of(*one) == repository_of(*other);
}

std::vector<Departure> departures(const Rehearsed& seen) {
  if (!seen.origin) return {};
  const auto sources = sources_of(*seen.origin, seen.before);
  if (sources.empty()) return {};
  std::map<std::string, const Json*> live;
  for (const Json& object : seen.before) {
    const Identity what{
        text_at(object, {"kind"}),
        {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})}};
    live[target_word(text_at(object, {"apiVersion"}), what)] = &object;
  }
  std::set<Identity> kept;
  bool refused = false;
  for (const auto& document : seen.documents) {
    kept.insert({document.kind, document.name});
    refused |= document.outcome == RehearsedDocument::Outcome::Refused;
  }
  std::vector<Departure> all;
  for (const GitSource& source : sources) {
    auto found = Leaver(source, live, refused).find(kept);
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<Json> kinds_of_sources(const DocumentOrigin& origin, const std::vector<Json>& objects) {
  std::set<std::pair<std::string, std::string>> kinds;
  for (const GitSource& source : sources_of(origin, objects)) {
    for (const auto& entry : source.status.inventory)
      kinds.emplace(entry.api_version, entry.kind);
  }
  std::vector<Json> out;
  for (const auto& [api_version, kind] : kinds)
    out.push_back(Json{{"apiVersion", api_version}, {"kind", kind}});
  return out;
}

}  // namespace charter::preview
