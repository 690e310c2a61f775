#pragma once

#include "controller/api/write_pipeline.h"

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

// Where a write meets users' admission webhooks. Internal to the API; the webhooks themselves are
// in controller/webhooks.
namespace charter {

/// Takes a write to the threads that may wait, when rules of a webhook speak of it: true, and `run`
/// is called there, or `fail`. False: nobody is concerned, or this is such a thread already.
bool wait_elsewhere(ResourceVerbs::Change& change,
                    std::initializer_list<AdmitRequest::Operation> operations,
                    std::function<void()> run, std::function<void(Error)> fail);

/// What mutating webhooks make of a shaped tree, to be shaped again; null when they leave it as it
/// is. Blocks.
Result<std::shared_ptr<Json>> ask_mutating(const ResourceVerbs::Change& change, const Json& tree,
                                           const Json* before, std::vector<std::string>& warnings);

/// Whether webhooks allow what is about to be stored, or the deletion when `object` is null.
/// Blocks.
Status ask_validating(const ResourceVerbs::Change& change, const Json* object, const Json* before,
                      std::vector<std::string>& warnings);

}  // namespace charter
