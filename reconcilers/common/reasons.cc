#include "reconcilers/common/reasons.h"

#include <algorithm>
#include <array>

namespace charter {
namespace {

// Sorted by word: class_of searches it by halves (a test checks the order).
constexpr Reason kReasons[] = {
    {"Accepted", ReasonClass::Fine},
    {"Activating", ReasonClass::Progressing},
    {"Active", ReasonClass::Fine},
    {"ActiveContracts", ReasonClass::Retryable},
    {"AlreadyExists", ReasonClass::UserError},
    {"Amending", ReasonClass::Progressing},
    {"Applied", ReasonClass::Fine},
    {"Applying", ReasonClass::Progressing},
    {"Attached", ReasonClass::Fine},
    {"Attaching", ReasonClass::Progressing},
    {"Available", ReasonClass::Fine},
    {"Booting", ReasonClass::Progressing},
    {"ChildNotReady", ReasonClass::Retryable},
    {"ClosingMeters", ReasonClass::Progressing},
    {"CommitInvalid", ReasonClass::UserError},
    {"Complete", ReasonClass::Fine},
    {"Configured", ReasonClass::Fine},
    {"Configuring", ReasonClass::Progressing},
    {"Conflict", ReasonClass::Retryable},
    {"Connecting", ReasonClass::Progressing},
    {"Consistent", ReasonClass::Fine},
    {"ContractNotActive", ReasonClass::WaitForAcceptance},
    {"CorrectingDrift", ReasonClass::Progressing},
    {"Crashed", ReasonClass::Retryable},
    {"Created", ReasonClass::Fine},
    {"Creating", ReasonClass::Progressing},
    {"CreatingDisk", ReasonClass::Progressing},
    {"CreatingMachine", ReasonClass::Progressing},
    {"CreatingSecret", ReasonClass::Progressing},
    {"CreatingVm", ReasonClass::Progressing},
    {"CreatingVolume", ReasonClass::Progressing},
    {"CredentialsRefused", ReasonClass::Retryable},
    {"Current", ReasonClass::Fine},
    {"Deactivated", ReasonClass::Fine},
    {"Deactivating", ReasonClass::Progressing},
    {"Degraded", ReasonClass::Retryable},
    {"Deleted", ReasonClass::Fine},
    {"Deleting", ReasonClass::Progressing},
    {"DeletingMachine", ReasonClass::Progressing},
    {"DeletingSecret", ReasonClass::Progressing},
    {"DeletingVolume", ReasonClass::Progressing},
    {"DeletionProtected", ReasonClass::PolicyDenied},
    {"Denied", ReasonClass::PolicyDenied},
    {"DeployingImage", ReasonClass::Progressing},
    {"Deprecated", ReasonClass::Fine},
    {"Detached", ReasonClass::Fine},
    {"Detaching", ReasonClass::Progressing},
    {"DigestMismatch", ReasonClass::Terminal},
    {"DiskFailed", ReasonClass::Retryable},
    {"Draft", ReasonClass::Fine},
    {"DriftCorrected", ReasonClass::Fine},
    {"DriftDetected", ReasonClass::Retryable},
    {"DriftReported", ReasonClass::UserError},
    {"Effective", ReasonClass::Fine},
    {"EmptySource", ReasonClass::PolicyDenied},
    {"EncryptionNotPossible", ReasonClass::PolicyDenied},
    {"Expired", ReasonClass::Terminal},
    {"FetchFailed", ReasonClass::Retryable},
    {"Fetching", ReasonClass::Progressing},
    {"FinalBill", ReasonClass::Progressing},
    {"Growing", ReasonClass::Progressing},
    {"HostNotTrusted", ReasonClass::Retryable},
    {"ImageDeployed", ReasonClass::Fine},
    {"ImageNotReady", ReasonClass::Retryable},
    {"InPlaceNotPossible", ReasonClass::UserError},
    {"InSync", ReasonClass::Fine},
    {"InUse", ReasonClass::Retryable},
    {"Incomplete", ReasonClass::UserError},
    {"Infeasible", ReasonClass::UserError},
    {"InternalError", ReasonClass::Retryable},
    {"InvalidCredentials", ReasonClass::UserError},
    {"InvalidReference", ReasonClass::UserError},
    {"InvalidSettings", ReasonClass::UserError},
    {"InvalidSpec", ReasonClass::UserError},
    {"IsolationNotPossible", ReasonClass::PolicyDenied},
    {"Issued", ReasonClass::Fine},
    {"IssuingInvoice", ReasonClass::Progressing},
    {"JurisdictionNotAllowed", ReasonClass::PolicyDenied},
    {"LeaseExpired", ReasonClass::UserError},
    {"LeaseExpiring", ReasonClass::Progressing},
    {"LeaseRunning", ReasonClass::Fine},
    {"Looking", ReasonClass::Progressing},
    {"Lost", ReasonClass::Terminal},
    {"MakingOffer", ReasonClass::Progressing},
    {"MeteringNotAvailable", ReasonClass::Terminal},
    {"NamespaceTaken", ReasonClass::UserError},
    {"NoAccount", ReasonClass::UserError},
    {"NoDrift", ReasonClass::Fine},
    {"NoPrice", ReasonClass::UserError},
    {"NoServiceLevel", ReasonClass::UserError},
    {"NoUnits", ReasonClass::UserError},
    {"NotConfigured", ReasonClass::Retryable},
    {"NotEffective", ReasonClass::Retryable},
    {"NotFound", ReasonClass::Retryable},
    {"NotMetered", ReasonClass::Terminal},
    {"NotProvisioned", ReasonClass::Retryable},
    {"NotPublished", ReasonClass::Retryable},
    {"NotReachable", ReasonClass::Retryable},
    {"NotRequested", ReasonClass::Fine},
    {"NotScheduled", ReasonClass::Retryable},
    {"NotVisible", ReasonClass::PolicyDenied},
    {"NotYetEffective", ReasonClass::Progressing},
    {"NotYours", ReasonClass::PolicyDenied},
    {"OfferExpired", ReasonClass::WaitForAcceptance},
    {"OfferHashMismatch", ReasonClass::WaitForAcceptance},
    {"Offered", ReasonClass::Fine},
    {"OfferingRetired", ReasonClass::PolicyDenied},
    {"Orphaned", ReasonClass::Retryable},
    {"OverLimit", ReasonClass::PolicyDenied},
    {"Overloaded", ReasonClass::Retryable},
    {"ParameterNotAllowed", ReasonClass::UserError},
    {"Paused", ReasonClass::Progressing},
    {"Pending", ReasonClass::Progressing},
    {"Placed", ReasonClass::Fine},
    {"ProviderChosen", ReasonClass::Fine},
    {"ProviderNotAllowed", ReasonClass::PolicyDenied},
    {"ProviderUnreachable", ReasonClass::Retryable},
    {"Provisioned", ReasonClass::Fine},
    {"Provisioning", ReasonClass::Progressing},
    {"PruneBlocked", ReasonClass::PolicyDenied},
    {"Pruned", ReasonClass::Fine},
    {"Pruning", ReasonClass::Progressing},
    {"Published", ReasonClass::Fine},
    {"Publishing", ReasonClass::Progressing},
    {"Reachable", ReasonClass::Fine},
    {"Reactivating", ReasonClass::Progressing},
    {"Ready", ReasonClass::Fine},
    {"Reclaimed", ReasonClass::Fine},
    {"Reclaiming", ReasonClass::Progressing},
    {"ReferenceNotFound", ReasonClass::Retryable},
    {"ReferenceNotReady", ReasonClass::Retryable},
    {"Refused", ReasonClass::Terminal},
    {"Rejected", ReasonClass::Terminal},
    {"RemovingRoles", ReasonClass::Progressing},
    {"ReplaceNotAllowed", ReasonClass::UserError},
    {"Replacing", ReasonClass::Progressing},
    {"Resized", ReasonClass::Fine},
    {"Resizing", ReasonClass::Progressing},
    {"RestartNotAllowed", ReasonClass::UserError},
    {"RestartPlanned", ReasonClass::Fine},
    {"Restarting", ReasonClass::Progressing},
    {"Retained", ReasonClass::Fine},
    {"Retired", ReasonClass::Fine},
    {"Reverted", ReasonClass::Fine},
    {"RevisionNotFound", ReasonClass::Retryable},
    {"Running", ReasonClass::Fine},
    {"Scaled", ReasonClass::Fine},
    {"Scaling", ReasonClass::Progressing},
    {"Scheduled", ReasonClass::Fine},
    {"Scheduling", ReasonClass::Progressing},
    {"ShrinkNotPossible", ReasonClass::UserError},
    {"Signed", ReasonClass::Fine},
    {"Starting", ReasonClass::Progressing},
    {"Stopped", ReasonClass::Fine},
    {"Stopping", ReasonClass::Progressing},
    {"StoppingMachine", ReasonClass::Progressing},
    {"StorageFull", ReasonClass::Retryable},
    {"Superseded", ReasonClass::Fine},
    {"Suspended", ReasonClass::Fine},
    {"Terminated", ReasonClass::Terminal},
    {"Terminating", ReasonClass::Progressing},
    {"TimedOut", ReasonClass::Retryable},
    {"TooManyObjects", ReasonClass::UserError},
    {"TooManyUnits", ReasonClass::UserError},
    {"Unavailable", ReasonClass::Retryable},
    {"UnitsNotSold", ReasonClass::UserError},
    {"Unknown", ReasonClass::Retryable},
    {"UnknownCurrency", ReasonClass::UserError},
    {"Unlimited", ReasonClass::Fine},
    {"Unsupported", ReasonClass::UserError},
    {"UpToDate", ReasonClass::Fine},
    {"UpdateAvailable", ReasonClass::Fine},
    {"Updating", ReasonClass::Progressing},
    {"Uploaded", ReasonClass::Fine},
    {"Verified", ReasonClass::Fine},
    {"WaitForAcceptance", ReasonClass::WaitForAcceptance},
    {"WaitForApproval", ReasonClass::WaitForApproval},
    {"WaitForCapacity", ReasonClass::WaitForCapacity},
    {"WaitForUpload", ReasonClass::WaitForApproval},
    {"WithinLimits", ReasonClass::Fine},
    {"WrongCurrency", ReasonClass::UserError},
};

constexpr std::array<std::string_view, 9> kClassWords = {"Fine",
                                                         "Progressing",
                                                         "Retryable",
                                                         "WaitForCapacity",
                                                         "WaitForApproval",
                                                         "WaitForAcceptance",
                                                         "UserError",
                                                         "PolicyDenied",
                                                         "Terminal"};

}  // namespace

std::span<const Reason> all_reasons() {
  return kReasons;
}

std::optional<ReasonClass> class_of(std::string_view reason) {
  const auto* found =
      std::lower_bound(std::begin(kReasons), std::end(kReasons), reason,
                       [](const Reason& a, std::string_view b) { return a.word < b; });
  if (found == std::end(kReasons) || found->word != reason) return std::nullopt;
  return found->cls;
}

std::string_view to_word(ReasonClass cls) {
  return kClassWords[static_cast<size_t>(cls)];
}

bool is_stalled(ReasonClass cls) {
  return cls == ReasonClass::UserError || cls == ReasonClass::PolicyDenied ||
         cls == ReasonClass::Terminal;
}

std::string_view reason_of(const Error& error) {
  if (class_of(error.reason)) {
    return std::lower_bound(std::begin(kReasons), std::end(kReasons), error.reason,
                            [](const Reason& a, std::string_view b) { return a.word < b; })
        ->word;
  }
  switch (error.code) {
    case Code::BadRequest:
    case Code::Invalid:
    case Code::RequestEntityTooLarge:
    case Code::RequestHeaderFieldsTooLarge:
      return reasons::kInvalidSpec;
    case Code::MethodNotAllowed:
    case Code::NotAcceptable:
    case Code::UnsupportedMediaType:
      return "Unsupported";
    case Code::Unauthorized:
      return "InvalidCredentials";
    case Code::Forbidden:
      return "Denied";
    case Code::NotFound:
    case Code::Gone:
      return "NotFound";
    case Code::AlreadyExists:
      return "AlreadyExists";
    case Code::Conflict:
    case Code::Expired:
      return "Conflict";
    case Code::Timeout:
    case Code::ServerTimeout:
      return "TimedOut";
    case Code::TooManyRequests:
      return "Overloaded";
    case Code::ServiceUnavailable:
      return "Unavailable";
    case Code::InsufficientStorage:
      return "StorageFull";
    case Code::InternalError:
      break;
  }
  return "InternalError";
}

}  // namespace charter
