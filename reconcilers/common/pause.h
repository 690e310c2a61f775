#pragma once

#include "controller/object/view.h"
#include "controller/runtime/controller.h"

#include <optional>
#include <string>
#include <string_view>

// Pause and poke. The annotation charter.dev/paused: "true" on an object, its Namespace, its
// Account or its Provider stops its reconciler (metering goes on);
// charter.dev/reconcile-requested-at changes the object and so forces a pass.
namespace charter {

inline constexpr std::string_view kPausedAnnotation = "charter.dev/paused";
inline constexpr std::string_view kReconcileRequestedAnnotation =
    "charter.dev/reconcile-requested-at";

/// True when the object carries the annotation with value "true".
bool is_paused(const Encoded& object);
bool is_paused(const Meta& meta);

/// Who paused an object of namespace `own.ns` on `provider` (empty: none): "annotation on Namespace
/// shop"; nothing when nobody did.
std::optional<std::string> paused_by(const Meta& own, std::string_view provider, const View& view);

/// The Account whose spec.namespaces holds `ns`, or null. Uses the header fields of
/// `account_fields`, no parsing.
ObjectPtr account_of(const View& view, std::string_view ns);
/// Header fields that account_of reads; part of the Account's KindHooks::index.
Pairs account_fields(const Json& account);

/// Makes a controller hear of pauses: adds Namespaces and Accounts (for namespaced kinds) and
/// Providers to its reads and watches. Only a paused source wakes objects, at both edges, so an
/// ordinary status update of a Provider costs nothing. `provider_index`: an index of the primary by
/// provider name, see WantedIndex; empty when the kind has no provider.
enum class PauseReach { ClusterObject, NamespacedObject };
void watch_pauses(ControllerSpec& spec, PauseReach reach, const std::string& provider_index = "");

}  // namespace charter
