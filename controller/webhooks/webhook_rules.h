#pragma once

#include "controller/object/kind_registry.h"

#include <vector>

namespace charter {

/// What kube-apiserver checks of a Validating- or MutatingWebhookConfiguration beyond its schema,
/// and what this server cannot do: webhooks behind a Service. Pure.
void check_webhook_configuration(const Json& configuration, std::vector<Cause>& causes);

}  // namespace charter
