#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of the program: its name, its value and why it has that value. A new queue, buffer, retry
// or size gets its line here first.
namespace charter::limits {

using namespace std::chrono_literals;

// --- documents ------------------------------------------------------------------------------------
constexpr size_t kBodyBytesMax = 3 * 1024 * 1024;      // kube-apiserver's request limit
constexpr size_t kObjectBytesMax = 3 * 1024 * 1024 / 2;  // etcd's 1.5 MiB: what moves to Kubernetes must fit
constexpr size_t kDocumentDepthMax = 64;               // far above any real schema, far below any stack
constexpr size_t kDocumentNodesMax =
    250'000;  // values of a document (1.5 MiB of 6 bytes each): 30 ms to parse
constexpr size_t kYamlCopiedNodesMax = 250'000;        // made by aliases: tens of milliseconds
constexpr size_t kYamlDocumentsMax = 10'000;           // documents in one stream
constexpr size_t kNameBytesMax = 253;                  // RFC 1123 subdomain
constexpr size_t kLabelValueBytesMax = 63;             // Kubernetes label rules
constexpr size_t kLabelKeyNameBytesMax = 63;           // name part of a qualified name
constexpr size_t kAnnotationsBytesMax = 256 * 1024;    // sum of keys and values, as in Kubernetes
constexpr size_t kLabelsMax = 1'000;                   // beyond any real use; a list scan touches each
constexpr size_t kFinalizersMax = 64;
constexpr size_t kOwnersMax = 64;
constexpr size_t kManagedFieldsManagersMax = 100;      // older Update entries are merged beyond ten of them
constexpr size_t kManagerNameBytesMax = 128;           // as in Kubernetes
constexpr size_t kPatchOperationsMax = 10'000;         // kube-apiserver's limit for JSON Patch
constexpr size_t kPatchWorkMax =
    2'000'000;  // nodes copied and elements moved by one JSON Patch: some 30 ms
constexpr size_t kConditionMessageBytesMax = 1024;
constexpr size_t kCausesMax = 64;                      // findings reported for one object
constexpr size_t kSelectorBytesMax = 64 * 1024;
constexpr size_t kSelectorRequirementsMax =
    100;  // each is looked up in the labels of every object of a list
constexpr size_t kSelectorTermsMax = 1'000;            // requirements and values together
constexpr size_t kSchemaNodesMax = 20'000;             // properties of one CRD
constexpr size_t kPatternBytesMax = 4 * 1024;

// --- store ----------------------------------------------------------------------------------------
constexpr size_t kWriteQueueMax = 4'096;               // pending writes before callers get 429
constexpr size_t kWriteQueueBytesMax = 64 * 1024 * 1024;
constexpr size_t kGroupCommitMax = 512;                // writes in one transaction
constexpr size_t kEventRingMax = 100'000;              // events kept for watches and list continuation
constexpr size_t kEventRingBytesMax = 64 * 1024 * 1024;
constexpr size_t kWalPreallocateBytes = 40 * 1024 * 1024;  // commits overwrite it in place
constexpr size_t kCompactionRowsMax = 2'000;           // log rows removed in one writer turn
constexpr int kExitStoreFailed = 74;                   // EX_IOERR: a write or fsync failed

// --- wire -----------------------------------------------------------------------------------------
constexpr size_t kHeaderBytesMax = 32 * 1024;          // long bearer tokens and label selectors
constexpr size_t kHeadersMax = 100;
constexpr size_t kConnectionsMax = 20'000;
constexpr size_t kPipelinedMax = 64;                   // requests answered on one read before others get a turn
constexpr size_t kRequestsInFlightMax = 1'000;
constexpr size_t kBytesInFlightMax = 256 * 1024 * 1024;
constexpr auto kHandshakeTimeout = 10s;
constexpr auto kHeaderTimeout = 10s;
constexpr auto kBodyTimeout = 60s;
constexpr auto kIdleTimeout = 120s;
constexpr auto kWriteTimeout = 30s;                    // a reader that takes nothing for this long is ended
constexpr auto kLingerTimeout = 2s;                    // after a refusal: until the client has read it and closed
constexpr size_t kWatchersMax = 20'000;
constexpr size_t kWatchWriteBytesMax = 256 * 1024;     // handed to the socket at once for one watcher
constexpr auto kWatchTimeoutMin = 30min;               // kube's default watch life is 30 to 60 minutes
constexpr auto kBookmarkInterval = 60s;
constexpr int kConflictRetriesMax = 8;                 // lost races of writes without a precondition; generated names

// --- outgoing requests ----------------------------------------------------------------------------
constexpr size_t kAnswerBytesMax = 256 * 1024 * 1024;  // one page of a list; a server that sends more is cut off
constexpr size_t kListPage = 500;                      // objects asked for at once, as kubectl does
constexpr auto kAnswerTimeout = 60s;                   // between two pieces of an answer
constexpr size_t kOutgoingThreads = 4;                 // cpprestsdk's pool, 40 when not told

// --- planning -------------------------------------------------------------------------------------
constexpr auto kPlanHorizon = 5min;                    // rehearsed time in which what is waited for must come
constexpr size_t kPlanStepsMax = 20'000'000;           // passes of one rehearsal: a livelock ends here
constexpr size_t kPlanDetailsMax = 6;                  // changed fields shown for one object
constexpr size_t kPlanFilesMax = 10'000;               // manifests of one directory

// --- runtime --------------------------------------------------------------------------------------
constexpr size_t kWorkersPerProviderMax = 8;           // bulkhead: a hung host holds only its own workers
constexpr size_t kWorkersPerController = 16;           // blocked workers are what fills a group commit
constexpr size_t kWorkersPerBusyController = 64;       // of kinds that come by the ten thousand; six hung providers fit
constexpr size_t kDriftWorkersPerController = 4;       // beside the others, at low CPU priority
constexpr size_t kDriftWorkersPerBusyController = 16;  // six hung providers fit
constexpr size_t kDriftWorkersPerProviderMax = 2;      // a routine look is in no hurry
constexpr int kDriftNiceness = 10;                     // a tenth of the CPU while others want it
constexpr size_t kWorkQueueMax = 1'000'000;
constexpr size_t kWatchTakeMax = 1'000;                // events an informer takes at once: others get their turn
constexpr auto kInformerBackoffMin = 100ms;            // list or watch failed: client-go's reflector starts at 800 ms
constexpr auto kInformerBackoffMax = 30s;              // as in client-go's reflector
constexpr auto kNamespacePoll = 5s;                    // content is being deleted by others: look again
constexpr auto kBackoffMin = 5ms;                      // client-go's rate limiter
constexpr auto kBackoffMax = 5min;
constexpr auto kResyncInterval = 10min;                // jittered drift check of every object
constexpr auto kStopDeadline = 10s;                    // each stage of an ordered stop
constexpr size_t kEventsPerObjectMax = 64;             // distinct (object, reason) series kept for aggregation
constexpr size_t kEventMessageBytesMax = 1'024;        // as in Kubernetes
constexpr size_t kEventQueueMax = 4'096;               // recorded, not yet written; the oldest are dropped
constexpr size_t kEventSeriesMax = 4'096;              // objects whose events are remembered, as in client-go
constexpr size_t kEventWriters = 8;                    // events in flight together: they share a commit
constexpr int kEventAttemptsMax = 3;                   // writes tried for one event
constexpr auto kEventLifetime = 1h;                    // core Events expire, as in Kubernetes

// --- identity and access --------------------------------------------------------------------------
constexpr size_t kRbacRulesMax = 1'024;                // of one role; each request by its holders looks through them
constexpr size_t kRbacListMax = 1'024;                 // verbs, groups, resources or names of one rule
constexpr size_t kRbacSubjectsMax = 1'024;             // of one binding
constexpr size_t kRbacPermissionsMax = 10'000;         // single permissions that one escalation check compares
constexpr size_t kIdentityNameBytesMax = 1'024;        // user, uid or group
constexpr size_t kIdentityGroupsMax = 256;             // each is looked up with each request
constexpr size_t kIdentityExtraMax = 64;               // keys, and values of a key
constexpr size_t kTokenBytesMax = 16 * 1024;           // half of what the headers may take
constexpr size_t kTokenCacheMax = 4'096;               // verified signatures remembered
constexpr size_t kTokenAudiencesMax = 32;
constexpr auto kTokenLifetime = 1h;                    // of a ServiceAccount's token when not told, as in Kubernetes
constexpr auto kTokenLifetimeMin = 10min;              // as in Kubernetes
constexpr size_t kStaticTokensMax = 10'000;            // in the token file
constexpr size_t kSigningKeysMax = 16;                 // the newest signs, the others still verify
constexpr size_t kJsonWebKeysMax = 100;                // of an OpenID Connect provider
constexpr auto kOidcTimeout = 10s;                     // for one answer
constexpr auto kOidcKeysFresh = 5min;                  // keys are fetched again after this: revoked ones go
constexpr auto kOidcKeysKept = 24h;                    // keys of a provider that cannot be reached end after this
constexpr auto kOidcFetchPause = 10s;                  // between two fetches, whatever tokens ask for
constexpr size_t kOidcWaitersMax = 1'000;              // requests that wait for a key that is being fetched

// --- keys and certificates ------------------------------------------------------------------------
constexpr size_t kEncryptionKeysMax = 16;              // in one key file: the first seals, all open
constexpr size_t kKeyFileBytesMax = 1024 * 1024;       // of keys or certificates; a larger file is a mistake
constexpr size_t kResealRows = 512;                    // rows encrypted anew in one transaction
constexpr auto kCertificateCheckInterval = 5s;         // files are looked at for a change; kube-apiserver takes up to a minute

// --- audit ----------------------------------------------------------------------------------------
constexpr size_t kAuditRulesMax = 1'024;               // of a policy; each request may look through all of them
constexpr size_t kAuditListMax = 1'024;                // users, groups, verbs … of one rule
constexpr size_t kAuditEventBytesMax = 4 * 1024 * 1024;  // beyond it the bodies are left out, as kube's truncation does
constexpr size_t kAuditQueueBytesMax = 64 * 1024 * 1024;  // records that wait for the disk before callers get 429
constexpr size_t kAuditBatchBytesMax = 1024 * 1024;    // handed to the kernel at once
constexpr size_t kAuditIdBytesMax = 256;               // a client's own Audit-ID; a longer one is replaced
constexpr size_t kAuditAgentBytesMax = 1'024;          // of a User-Agent, as in Kubernetes
constexpr size_t kAuditSourcesMax = 16;                // addresses taken from X-Forwarded-For
constexpr size_t kAuditHeadBytes = 512;                // one disk sector: written in one piece or not at all
constexpr size_t kAuditFindingsMax = 100;              // told by one verification; the rest is counted
constexpr int kAuditFileMegabytes = 100;               // kube-apiserver's lumberjack rotates there when not told
constexpr int kAuditBackups = 20;                      // 2 GB of records, unless told
constexpr auto kAuditSyncInterval = 1s;                // what a power cut may take of the log
constexpr auto kAuditRetryInterval = 1s;               // a log that cannot be written is tried again

// --- overload -------------------------------------------------------------------------------------
constexpr size_t kGroupCommitBytesMax = 2 * 1024 * 1024;  // of one transaction: some 10 ms until the next one's turn
constexpr auto kLoopTurn = 200us;                      // CPU time of a wire thread before it looks for new events
constexpr size_t kAnswerHeldMax = 32 * 1024 * 1024;    // counted of one unread answer: most of a long list's bytes are the store's own
constexpr size_t kFlowBytesFree = 1024 * 1024;         // a flow's small requests do not depend on what others hold
constexpr size_t kHeavyThreads = 3;                    // one flow may use all but one of them
constexpr size_t kHeavyQueueMax = 256;                 // costly requests that wait before callers get 429
constexpr size_t kHeavyQueueBytesMax = 128 * 1024 * 1024;  // of their bodies
constexpr auto kHeavyWaitMax = 15s;                    // then 429: kube-apiserver queues for a quarter of a minute, too
constexpr auto kInlineCostMax = 500us;                 // estimated CPU of a request that a wire thread still answers itself
constexpr uint64_t kInternalWriteShare = 4;            // the reconcilers' writes count a quarter: they work for every tenant

}  // namespace charter::limits
