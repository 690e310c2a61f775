#pragma once

#include "controller/api/write_pipeline.h"

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

// Where a write meets users' admission webhooks. Internal to the API; the webhooks themselves are
// in controller/webhooks.
namespace charter {

/// The first webhook whose rules speak of such a write, when this thread may not wait for it; else
/// empty. Asked for every write, so it costs next to nothing when there are no webhooks.
std::string awaited_webhook(const ResourceVerbs::Change& change,
                            std::initializer_list<AdmitRequest::Operation> operations);

/// Takes the write to the threads that may wait for `webhook`: `run` is called there, or `fail`.
void wait_elsewhere(ResourceVerbs::Change& change, const std::string& webhook,
                    std::function<void()> run, const std::function<void(Error)>& fail);

/// What mutating webhooks make of a shaped tree, to be shaped again; null when they leave it as it
/// is. Blocks.
Result<std::shared_ptr<Json>> ask_mutating(const ResourceVerbs::Change& change, const Json& tree,
                                           const Json* before, std::vector<std::string>& warnings);

/// Whether webhooks allow what is about to be stored, or the deletion when `object` is null.
/// Blocks.
Status ask_validating(const ResourceVerbs::Change& change, const Json* object, const Json* before,
                      std::vector<std::string>& warnings);

}  // namespace charter
