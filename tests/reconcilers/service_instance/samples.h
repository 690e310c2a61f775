#pragma once

#include "crds/types/account.h"
#include "crds/types/contract.h"
#include "crds/types/provider.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/service_instance/plan.h"

#include <string>

// The world of scenarios S3 and S7, as documents and as what a pass looks at.
namespace charter::service_instance {

/// A document from YAML; a sample that does not parse fails the test that asks for it.
Json sample(const std::string& yaml);

/// Revision compute-highspeed-1: one machine entry "server" with parameters vcpus, memory, disk,
/// os.
Json sample_revision();
/// Contract consumerco/orders: 3 compute, 5 storage, accepted under that revision, active.
Json sample_contract();
/// Instance consumerco/order-mgmt: 3 replicas and a shared volume "data" of 500 GB.
Json sample_instance();
/// Provider with two empty hosts of 32 vcpus and 128 GB, ready.
Provider sample_provider(const std::string& name, const std::string& jurisdiction);

ServiceInstance instance();
/// What is seen before anything was made: contract in force, one provider in the EU.
Observed nothing_made();

/// Carries out what a step decided, as children's reconcilers would answer: what is created exists,
/// but is not made yet. Returns whether anything changed.
bool carry_out(ServiceInstance& instance, Observed& have, const Step& step);
/// Makes every child as its spec says, and Ready. Returns whether anything changed.
bool serve_children(Observed& have);

/// The conditions that a step states, Ready included.
Conditions stated(const Step& step, int64_t generation);

}  // namespace charter::service_instance
