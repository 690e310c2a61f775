#pragma once

#include "controller/object/object.h"
#include "controller/object/value.h"

#include <optional>
#include <string>
#include <vector>

// What a rehearsal of manifests saw: plain values between the control plane that lived through them
// and the pure functions that tell people about it.
namespace charter {

/// What became of one document.
struct RehearsedDocument {
  enum class Outcome { Created, Changed, Unchanged, Refused };
  std::string source;  ///< where it stands: "70-contract.yaml, document 2"
  std::string kind;
  ObjectName name;
  Outcome outcome = Outcome::Unchanged;
  std::string message;                ///< why it was refused
  std::vector<std::string> warnings;  ///< as a client would have seen them
};

/// The commit that documents were read from.
struct DocumentOrigin {
  std::string url, path;
  std::string reference;  ///< as it was asked for; empty: the remote's HEAD
  std::string commit, author, message;
};

/// One rehearsal. Both states are settled: nothing in them is due within kPlanHorizon, so their
/// difference is what the documents do, and not what was going on anyway.
struct Rehearsed {
  std::vector<Json> before, after;  ///< all objects, in order of kind, namespace and name
  std::vector<RehearsedDocument> documents;
  std::optional<DocumentOrigin> origin = {};  ///< nothing: files
};

/// How to tell about it.
enum class PlanForm { ForPeople, ForPrograms, ForReviews };  // text, JSON, Markdown

/// A plan as it is printed.
struct PlanReport {
  std::string text;
  bool changes = false;  ///< something would be made, changed or removed
  bool refused = false;  ///< a document would be refused
};

}  // namespace charter
