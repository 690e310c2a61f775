#include "controller/api/last_applied.h"

#include "controller/base/limits.h"
#include "controller/object/merge_diff.h"
#include "controller/object/typed_merge.h"

#include <nlohmann/json.hpp>

#include <set>

namespace charter {
namespace {

/// The fields, as text, that client-side apply set last and nobody has changed since. Empty without a usable annotation.
std::set<std::string> unchanged_since_last_applied(const Json& live, const Schema& schema) {
  const std::string text = text_at(live, {"metadata", "annotations", kLastAppliedAnnotation});
  const auto last = text.empty() ? Result<Json>(Error{}) : parse_json(text);
  if (!last || !last->is_object() || text_at(*last, {"apiVersion"}) != text_at(live, {"apiVersion"})) return {};
  const FieldDiff diff = compare_documents(schema, &*last, live, OwnedPart::Everything);
  FieldSet same = field_set_of(schema, *last, OwnedPart::Everything);
  for (const FieldSet& changed : {diff.modified, diff.added, diff.removed}) same = subtract(std::move(same), changed);
  std::set<std::string> paths;
  for_each_path(same, [&](const std::string& path) { paths.insert(path); });
  return paths;
}

/// The Conflict with only these causes left, in the same words.
Error narrowed(Error error, std::vector<Cause> causes) {
  std::string lines;
  const std::string prefix = "conflict with ";
  std::string manager;
  for (const Cause& cause : causes) {
    if (cause.message != manager) {
      lines += (lines.empty() ? "conflicts with " : "\nconflicts with ") + cause.message.substr(prefix.size()) + ":";
      manager = cause.message;
    }
    lines += "\n- " + cause.field;
  }
  const size_t count = causes.size();
  error.message = count == 1 ? "Apply failed with 1 conflict: " + causes[0].message + ": " + causes[0].field
                             : "Apply failed with " + std::to_string(count) + " conflicts: " + lines;
  error.causes = std::move(causes);
  return error;
}

Result<Json> merge_over_last_applied(const Json* live, const Json& applied, const Schema& schema,
                                     const FieldManager& who, Force force, Instant now) {
  Result<Json> merged = server_side_apply(live, applied, schema, who, force, now);
  // Only kubectl writes that annotation; another manager's name is how its user opts out.
  const bool contested = !merged && merged.error().code == Code::Conflict && !merged.error().causes.empty();
  if (!contested || !live || who.manager != "kubectl") return merged;
  const std::set<std::string> own = unchanged_since_last_applied(*live, schema);
  std::vector<Cause> foreign;
  for (const Cause& cause : merged.error().causes) {
    if (!own.contains(cause.field)) foreign.push_back(cause);
  }
  if (foreign.empty()) return server_side_apply(live, applied, schema, who, Force::Yes, now);
  return narrowed(std::move(merged.error()), std::move(foreign));
}

/// The annotation's text for a configuration: as kubectl writes it.
std::string annotation_of(Json applied) {
  if (Json& metadata = applied["metadata"]; metadata.contains("annotations"))
    metadata["annotations"].erase(kLastAppliedAnnotation);
  return encode(applied) + "\n";
}

}  // namespace

Result<Json> apply_over_last_applied(const Json* live, const Json& applied, const Schema& schema,
                                     const FieldManager& who, Force force, Instant now) {
  CHARTER_TRY_ASSIGN(Json merged, merge_over_last_applied(live, applied, schema, who, force, now));
  // Kept in step, so that a later client-side apply compares with what was applied last. An
  // annotation that is not there is not made.
  const bool kept = who.manager == "kubectl" &&
                    !text_at(merged, {"metadata", "annotations", kLastAppliedAnnotation}).empty();
  if (!kept) return merged;
  Json& annotations = merged["metadata"]["annotations"];
  annotations[kLastAppliedAnnotation] = annotation_of(applied);
  size_t bytes = 0;
  for (const auto& [name, value] : annotations.items())
    bytes += name.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  if (bytes > limits::kAnnotationsBytesMax)
    annotations.erase(kLastAppliedAnnotation);  // the apply itself must not fail for it
  return merged;
}

}  // namespace charter
