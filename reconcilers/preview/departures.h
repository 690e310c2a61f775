#pragma once

#include "controller/object/object.h"
#include "controller/runtime/rehearsed.h"

#include <string>
#include <string_view>
#include <vector>

// What becomes of objects that a GitSource of the server applies and the commit that is planned no
// longer has, as if the source followed that commit. Pure.
//
//   the source         the object                             fate
//   suspended          any                                    Stays
//   without prune      any                                    Stays
//   with prune         adopted, or without a field of its     Stays
//                      protected (git_source/guards.h)        Blocked, with what lifts that
//                      other, with a protected one leaving    Blocked: it is all or nothing
//                      other, of a commit that is refused     Blocked
//                      other                                  Pruned
//
// Objects that are gone or going are not told of.
namespace charter::preview {

/// One of them.
struct Departure {
  enum class Fate { Pruned, Blocked, Stays };
  std::string source;  ///< name of the GitSource
  std::string kind;
  ObjectName name;
  Fate fate = Fate::Pruned;
  std::string why;  ///< empty for Pruned
  bool operator==(const Departure&) const = default;
};

/// "Pruned", "Blocked", "Stays".
std::string_view json_word(Departure::Fate fate);
/// "would be pruned", "blocked: …", "stays: …".
std::string fate_text(const Departure& departure);

/// Whether two addresses name the same repository, however they are written and whether over https
/// or ssh.
bool same_repository(const std::string& a, const std::string& b);

/// All of them, in order of source and inventory. Empty without an origin.
std::vector<Departure> departures(const Rehearsed& seen);

/// apiVersion and kind of everything that the sources of that repository and path apply: their
/// objects have to be among Rehearsed::before.
std::vector<Json> kinds_of_sources(const DocumentOrigin& origin, const std::vector<Json>& objects);

}  // namespace charter::preview
