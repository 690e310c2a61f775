#include "controller/api/audit.h"

#include "controller/api/answer_syntax.h"
#include "controller/base/limits.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <utility>

namespace charter {

/// Dies with the last holder of its request; ends it in Panic when nobody answered.
class AuditTrail {
 public:
  explicit AuditTrail(Audit& audit) : audit_(audit) {}
  ~AuditTrail() {
    if (complete) return;
    AuditedAnswer answer{500, "Failure", "InternalError", "the request was not answered", {}};
    audit_.record(*this, AuditStage::Panic, &answer);
  }
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  AuditedRequest request;
  std::optional<AuditedObject> object;
  bool complete = false;  // the last record is made

 private:
  Audit& audit_;
};

namespace {

std::string_view content_type(const HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Type") return value;
  }
  return {};
}

void drop_managed_fields(Json& object) {
  if (!object.is_object()) return;
  if (const auto metadata = object.find("metadata");
      metadata != object.end() && metadata->is_object())
    metadata->erase("managedFields");
  const auto items = object.find("items");
  if (items == object.end() || !items->is_array()) return;
  for (Json& item : *items)
    drop_managed_fields(item);
}

/// A document as it goes into the record.
std::string object_text(Json document, const AuditVerdict& verdict) {
  if (verdict.omit_managed_fields) drop_managed_fields(document);
  return encode(document);
}

Result<Json> parse_body(std::string_view body, std::string_view media_type) {
  if (media_type == kProtobufMediaType) return decode_protobuf(body, "");
  return media_type.find("yaml") == std::string_view::npos ? parse_json(body) : parse_yaml(body);
}

/// The answer's document as JSON, or empty: text, a stream, or more than a record holds.
std::string answer_object(const HttpResponse& response, const AuditVerdict& verdict) {
  const std::string media_type = bare_media_type(content_type(response));
  size_t bytes = 0;
  for (const Bytes& piece : response.body)
    bytes += piece.view.size();
  if (bytes == 0 || media_type == "text/plain") return {};
  // Not even copied: audit_event only needs to know that it is too large.
  if (bytes > limits::kAuditEventBytesMax) return std::string(bytes, ' ');
  std::string text = joined(response.body);
  while (text.ends_with('\n'))
    text.pop_back();
  const bool as_it_is = media_type == "application/json" && !verdict.omit_managed_fields &&
                        text.find('\n') == std::string::npos;
  if (as_it_is) return text;
  auto tree = parse_body(text, media_type);
  return tree ? object_text(std::move(*tree), verdict) : std::string();
}

/// Reason and message of a failure. What a credential was sent in may be quoted by the complaint
/// about it, so that message is left out.
void read_failure(const HttpResponse& response, const AccessRequest& target, AuditedAnswer& out) {
  if (response.status < 400 || content_type(response) != "application/json") return;
  const auto status = tree_of(response.body);
  if (!status) return;
  out.status = text_at(*status, {"status"});
  out.reason = text_at(*status, {"reason"});
  const bool quotes = response.status == 400 || response.status == 422;
  if (!quotes || !carries_credentials(target)) out.message = text_at(*status, {"message"});
}

/// True for calls that have an effect when they succeed. Reviews are posted, but only ask.
bool may_change(const AccessRequest& target) {
  if (target.path) return false;
  if (target.verb == "get" || target.verb == "list" || target.verb == "watch") return false;
  return target.group != kAuthenticationGroup && target.group != kAuthorizationGroup;
}

/// A watch whose end is recorded.
class AuditedStream final : public BodyStream {
 public:
  AuditedStream(std::unique_ptr<BodyStream> inner, std::function<void()> ended)
      : inner_(std::move(inner)), ended_(std::move(ended)) {}
  ~AuditedStream() override { ended_(); }
  State next(size_t max_bytes, std::vector<Bytes>& out) override {
    return inner_->next(max_bytes, out);
  }
  void on_ready(std::function<void()> ready) override { inner_->on_ready(std::move(ready)); }
  Duration wake_after() override { return inner_->wake_after(); }

 private:
  const std::unique_ptr<BodyStream> inner_;
  const std::function<void()> ended_;
};

}  // namespace

Audit::Audit(AuditPolicy policy, AuditMode mode, AuditLog& log, const Clock& clock,
             Metrics& metrics)
    : policy_(std::move(policy)),
      mode_(mode),
      log_(log),
      clock_(clock),
      rejected_(metrics.counter(
          "apiserver_audit_requests_rejected_total",
          "Counter of apiserver requests rejected due to an error in audit logging backend.")) {
  for (size_t i = 0; i < levels_.size(); ++i) {
    levels_[i] = &metrics.counter("apiserver_audit_level_total",
                                  "Counter of policy levels for audit events (1 per request).",
                                  {{"level", std::string(level_word(static_cast<AuditLevel>(i)))}});
  }
}

AuditTrailPtr Audit::begin(const AuditSubject& subject) {
  const AuditVerdict verdict = policy_.judge(subject.caller, subject.access);
  levels_[static_cast<size_t>(verdict.level)]->increment();
  return verdict.level == AuditLevel::None ? nullptr : make_trail(subject, verdict);
}

AuditTrailPtr Audit::begin_refused(const AuditSubject& subject) {
  if (!policy_.records_refusals) return nullptr;
  AuditVerdict verdict = policy_.otherwise;
  verdict.level = AuditLevel::Metadata;
  return make_trail(subject, verdict);
}

AuditTrailPtr Audit::make_trail(const AuditSubject& subject, const AuditVerdict& verdict) {
  auto trail = std::make_shared<AuditTrail>(*this);
  AuditedRequest& out = trail->request;
  out.verdict = verdict;
  out.audit_id = subject.audit_id;
  out.received = subject.received;
  out.target = subject.access;
  out.version = subject.route.version;
  out.common = audit_common(subject.request, subject.access, subject.caller);
  return trail;
}

void Audit::impersonate(AuditTrail& trail, const Caller& caller) {
  trail.request.impersonated = audit_user(caller);
}

void Audit::decide(AuditTrail& trail, const Decision& decision) {
  trail.request.allowed = decision.allowed;
  trail.request.reason = decision.reason;
}

void Audit::permit(const AuditTrailPtr& trail, const Resume& resume,
                   std::function<void(const Status&)> go) {
  if (!trail) return go({});
  const bool waits = may_change(trail->request.target) && mode_ == AuditMode::BlockingStrict;
  if (!waits) {
    // An effect has a record before it even when the policy leaves this stage out.
    if (may_change(trail->request.target) ||
        !trail->request.verdict.omitted.contains(AuditStage::RequestReceived))
      log_.append(audit_event(trail->request, AuditStage::RequestReceived, trail->request.received,
                              nullptr, nullptr));
    return go({});
  }
  const auto told = [this, go = std::move(go)](const Status& written) {
    if (!written) rejected_.increment();
    go(written);
  };
  const auto written = log_.append(audit_event(trail->request, AuditStage::RequestReceived,
                                               trail->request.received, nullptr, nullptr),
                                   [resume, told](const Status& later) {
                                     if (!resume) return told(later);
                                     resume([told, later] { told(later); });
                                   });
  if (written) told(*written);
}

void Audit::take_body(AuditTrail& trail, const HttpRequest& request, const ResourceType& type) {
  if (trail.request.verdict.level < AuditLevel::Request || request.body.empty()) return;
  auto document = parse_body(request.body, bare_media_type(request.header("content-type")));
  if (!document) return;  // refused for the same reason
  // A Secret that was sent to the wrong place is refused, but it would stand here.
  const std::string kind = text_at(*document, {"kind"});
  if (!kind.empty() && kind != type.kind && kind != "Scale" && kind != "DeleteOptions") return;
  trail.request.request_object = object_text(std::move(*document), trail.request.verdict);
}

void Audit::name_object(AuditTrail& trail, const Header& header) {
  trail.object = AuditedObject{header.ns, header.name, header.uid, header.version};
}

void Audit::complete(const AuditTrailPtr& trail, HttpResponse& response) {
  if (!trail) return;
  AuditedAnswer answer;
  answer.code = response.status;
  if (response.stream) {
    record(*trail, AuditStage::ResponseStarted, &answer);
    trail->complete = true;
    response.stream = std::make_unique<AuditedStream>(
        std::move(response.stream),
        [this, trail, answer] { record(*trail, AuditStage::ResponseComplete, &answer); });
    return;
  }
  read_failure(response, trail->request.target, answer);
  if (trail->request.verdict.level == AuditLevel::RequestResponse)
    answer.object = answer_object(response, trail->request.verdict);
  trail->complete = true;
  record(*trail, AuditStage::ResponseComplete, &answer);
}

void Audit::record(const AuditTrail& trail, AuditStage stage, const AuditedAnswer* answer) {
  if (trail.request.verdict.omitted.contains(stage)) return;
  log_.append(audit_event(trail.request, stage, clock_.now(), answer,
                          trail.object ? &*trail.object : nullptr));
}

Status Audit::health() const {
  return mode_ == AuditMode::BestEffort ? Status() : log_.health();
}

}  // namespace charter
