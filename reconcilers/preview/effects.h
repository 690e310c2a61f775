#pragma once

#include "controller/object/object.h"
#include "controller/object/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What differs between two states of all objects, in the words of an operator. Pure.
//
//   before  after                                               effect
//   no      yes                                                 Created
//   yes     no, or in deletion                                  Destroyed
//   yes     other uid, or a Machine or Volume that stands for   Replaced
//           another external thing
//   yes     a Machine that ran, runs, and booted in between     Restarted
//   yes     other spec, data, labels or annotations             Changed
//   yes     the same, whatever its status says                  (none)
namespace charter::preview {

/// See the table above.
enum class Effect { Created, Changed, Restarted, Replaced, Destroyed };

/// "created", "changed in place", "restarted", "replaced", "destroyed".
std::string_view to_word(Effect effect);

/// One field that differs. Values are shortened; those of a Secret are not given.
struct FieldEffect {
  std::string path, from, to;  ///< an empty value: absent
  bool operator==(const FieldEffect&) const = default;
};

/// One object that differs.
struct ObjectEffect {
  Effect effect = Effect::Changed;
  std::string kind;
  ObjectName name;
  std::vector<FieldEffect> fields;  ///< empty for Created and Destroyed
  bool operator==(const ObjectEffect&) const = default;
};

/// An object that is not Ready, and why.
struct Wait {
  std::string kind;
  ObjectName name;
  std::string reason, message;
  bool operator==(const Wait&) const = default;
};

/// Where an instance's machines stand.
struct PlacedInstance {
  ObjectName instance;
  std::string provider, region, jurisdiction;
  bool operator==(const PlacedInstance&) const = default;
};

/// All differences. Both states in order of kind, namespace and name.
std::vector<ObjectEffect> effects_between(const std::vector<Json>& before,
                                          const std::vector<Json>& after);

/// Objects of `after` that are not Ready: those that differ, and those that wait for something
/// else than before.
std::vector<Wait> waits_between(const std::vector<Json>& before, const std::vector<Json>& after);

/// Placements of `after` that `before` did not have.
std::vector<PlacedInstance> new_placements(const std::vector<Json>& before,
                                           const std::vector<Json>& after);

}  // namespace charter::preview
