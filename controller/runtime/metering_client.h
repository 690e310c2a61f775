#pragma once

#include "controller/base/metrics.h"
#include "controller/object/admit.h"
#include "controller/runtime/client.h"

#include <functional>
#include <memory>
#include <string_view>

namespace charter {

/// What metering beside another API server needs; the references outlive it.
struct MeteringParts {
  const HookTable& hooks;
  LedgerWriter& ledger;
  const Clock& clock;
  Metrics& metrics;
  /// The object as it was last seen, or null: what the next write replaces.
  std::function<ObjectPtr(std::string_view bucket, const ObjectName& name)> seen;
};

/// A Client whose status writes are metered. Where the API server keeps the ledger itself, status
/// and entries are one transaction; here they follow each other, and the order makes up for it:
///
///   what the object says now is on record  ->  write the status  ->  record what it says then
///
/// A state is never replaced before it is recorded, and nobody else writes these states, so a crash
/// at any point loses nothing: whoever leads next records what it finds (LedgerKeeper) before it
/// writes. Entries follow from the state alone, so recording twice is harmless. Thread-safe.
class MeteringClient final : public Client {
 public:
  MeteringClient(std::shared_ptr<Client> inner, MeteringParts parts);

  Result<ObjectPtr> get(const Gvr& resource, const ObjectName& name) override;
  Result<ObjectList> list(const Gvr& resource, const Selection& selection) override;
  Result<std::unique_ptr<Watch>> watch(const Gvr& resource, const Selection& selection,
                                       int64_t version) override;
  Result<ObjectPtr> create(const Gvr& resource, const Json& object) override;
  Result<ObjectPtr> update(const Gvr& resource, const Json& object, Part part) override;
  Status remove(const Gvr& resource, const ObjectName& name, const Deletion& deletion) override;

 private:
  const MeterOf* meter_of(const Gvr& resource) const;
  void record_after(const MeterOf& meter, const Encoded& written);

  const std::shared_ptr<Client> inner_;
  const MeteringParts parts_;
  Counter& failures_;
};

/// Seconds since 1970, as the ledger counts.
int64_t ledger_second(const Clock& clock);

}  // namespace charter
