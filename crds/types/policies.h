#pragma once

#include "crds/types/view.h"

// Parts that several kinds share: security, placement, policies of change, drift.
namespace charter {

/// How tenants are kept apart.
enum class Isolation { SharedNetwork, TenantNetwork, DedicatedHost };
constexpr std::array<std::string_view, 3> words(Isolation) {
  return {"SharedNetwork", "TenantNetwork", "DedicatedHost"};
}

/// Demanded protection of a machine or volume.
struct SecurityPolicy {
  Isolation isolation = Isolation::TenantNetwork;
  bool encryption_at_rest = false;
  static void fields(auto& f, auto& s) {
    f("isolation", s.isolation);
    f("encryptionAtRest", s.encryption_at_rest);
  }
  bool operator==(const SecurityPolicy&) const = default;
};

/// Where things may run. An empty list allows every one.
struct Placement {
  std::vector<std::string> jurisdictions;
  std::vector<std::string> providers;
  static void fields(auto& f, auto& s) {
    f("jurisdictions", s.jurisdictions);
    f("providers", s.providers);
  }
  bool operator==(const Placement&) const = default;
};

/// How far a change may go on its own.
enum class UpdateStrategy { InPlaceOnly, AllowRestart, AllowReplace };
constexpr std::array<std::string_view, 3> words(UpdateStrategy) {
  return {"InPlaceOnly", "AllowRestart", "AllowReplace"};
}

/// updatePolicy.
struct UpdatePolicy {
  UpdateStrategy strategy = UpdateStrategy::InPlaceOnly;
  static void fields(auto& f, auto& s) { f("strategy", s.strategy); }
  bool operator==(const UpdatePolicy&) const = default;
};

/// What to do about a difference that somebody else made.
enum class DriftMode { Correct, Report, Ignore };
constexpr std::array<std::string_view, 3> words(DriftMode) {
  return {"Correct", "Report", "Ignore"};
}

/// driftPolicy.
struct DriftPolicy {
  DriftMode mode = DriftMode::Correct;
  static void fields(auto& f, auto& s) { f("mode", s.mode); }
  bool operator==(const DriftPolicy&) const = default;
};

/// What happens to a volume when its owner goes.
enum class ReclaimPolicy { Delete, Retain, Detach };
constexpr std::array<std::string_view, 3> words(ReclaimPolicy) {
  return {"Delete", "Retain", "Detach"};
}

/// One difference between what is wanted and what was found.
struct Drift {
  std::string field, wanted, found;
  static void fields(auto& f, auto& s) {
    f.required("field", s.field);
    f("wanted", s.wanted);
    f("found", s.found);
  }
  bool operator==(const Drift&) const = default;
};

/// Disk image formats.
enum class ImageFormat { Qcow2, Raw, Vmdk, Vhdx, Vdi, Iso, Kernel };
constexpr std::array<std::string_view, 7> words(ImageFormat) {
  return {"qcow2", "raw", "vmdk", "vhdx", "vdi", "iso", "kernel"};
}

/// Processor architectures.
enum class Architecture { X86_64, Aarch64 };
constexpr std::array<std::string_view, 2> words(Architecture) {
  return {"x86_64", "aarch64"};
}

/// Length of an invoice's period.
enum class BillingPeriod { Month };
constexpr std::array<std::string_view, 1> words(BillingPeriod) {
  return {"Month"};
}

}  // namespace charter
