#pragma once

#include "controller/object/value.h"

#include <string>

// The world of ProviderCo and ConsumerCo (scenario S2), as documents.
namespace charter::contract {

/// A document from YAML; a sample that does not parse fails the test that asks for it.
Json sample(const std::string& yaml);

/// Account consumerco: limits 5 compute and 5 storage, namespace consumerco.
Json sample_account();
/// Offering compute-highspeed, published as compute-highspeed-1.
Json sample_offering();
/// Its revision: compute of 4 vCPUs and 8 GB, storage of 100 GB, $0.13 per CPU hour, $5.00 per
/// TB-day.
Json sample_revision();
/// Contract orders: 3 compute, 5 storage, nothing accepted.
Json sample_contract();

}  // namespace charter::contract
