#pragma once

#include "controller/base/result.h"

#include <span>
#include <string>
#include <string_view>

// The closed list of reasons. Every condition and every event of every kind uses a word of this
// list, and only those: the shell CHECKs it. A reason belongs to one class, which says who must act
// and whether the object counts as stalled:
//
//   class              who acts                    Reconciling  Stalled
//   Fine               nobody                      no           no       (Ready=True)
//   Progressing        the controller              yes          no
//   Retryable          the controller, back-off    yes          no
//   WaitForCapacity    the provider                yes          no
//   WaitForApproval    the provider's people       yes          no
//   WaitForAcceptance  the consumer                yes          no
//   UserError          whoever wrote the object    no           yes
//   PolicyDenied       whoever set the policy      no           yes
//   Terminal           nobody can                  no           yes
//
// To add a reason: one line in reasons.cc, with its class.
namespace charter {

/// Class of a reason, see the table above.
enum class ReasonClass {
  Fine,
  Progressing,
  Retryable,
  WaitForCapacity,
  WaitForApproval,
  WaitForAcceptance,
  UserError,
  PolicyDenied,
  Terminal,
};

/// One entry of the list.
struct Reason {
  std::string_view word;
  ReasonClass cls;
};

/// All reasons, sorted by word.
std::span<const Reason> all_reasons();

/// The class of a word; nothing when it is not in the list.
std::optional<ReasonClass> class_of(std::string_view reason);

/// "WaitForCapacity", …: for messages of a parent ("machine orders-1: WaitForCapacity (…)").
std::string_view to_word(ReasonClass cls);

/// True for UserError, PolicyDenied and Terminal: no retry will fix it.
bool is_stalled(ReasonClass cls);

/// The reason of a failed call: `error.reason` when it is in the list, else one for its code
/// (ServiceUnavailable → Unavailable, Timeout → TimedOut, Invalid → InvalidSpec, Forbidden →
/// Denied, Conflict → Conflict, …). Always in the list.
std::string_view reason_of(const Error& error);

// Words that more than one file uses. A kind may use any other word of the list as a literal.
namespace reasons {
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kInUse = "InUse";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kChildNotReady = "ChildNotReady";
inline constexpr std::string_view kReferenceNotFound = "ReferenceNotFound";
inline constexpr std::string_view kReferenceNotReady = "ReferenceNotReady";
inline constexpr std::string_view kWaitForCapacity = "WaitForCapacity";
}  // namespace reasons

}  // namespace charter
