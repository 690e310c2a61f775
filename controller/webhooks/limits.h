#pragma once

#include "controller/base/limits.h"

namespace charter::limits {

constexpr size_t kWebhookThreads = 16;  // each waits for somebody else's answer
constexpr size_t kWebhookAnswerBytesMax =
    6 * 1024 * 1024;  // a patch that writes a whole object, in base64
constexpr size_t kWebhookWarningsMax = 16;
constexpr size_t kWebhookWarningBytesMax = 256;  // kube-apiserver cuts them there
constexpr size_t kWebhookConnectionsMax = 64;    // hosts that connections are kept to
constexpr size_t kWebhooksMax = 100;  // of one configuration; each is compared with every write
constexpr size_t kMatchConditionsMax = 64;  // of one webhook, as in Kubernetes
constexpr auto kWebhookTimeoutMax = 30s;    // as in Kubernetes
constexpr auto kWebhooksTimeMax = 60s;  // for all that judge one write: the client has gone by then

}  // namespace charter::limits
