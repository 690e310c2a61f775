#include "controller/api/connection.h"
#include "controller/base/limits.h"

// Connection, reading side: bytes to requests to the handler.
namespace charter {
namespace {

/// Records read for one connection before others get a turn.
constexpr int kReadsPerTurn = 8;
/// Answers to pipelined requests gathered into one write.
constexpr size_t kGatheredAnswerBytes = 64 * 1024;

}  // namespace

void Connection::read_more() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (phase_ != Phase::Reading) return;
    const IoOutcome got = stream_->read(loop_.read_scratch(), WireLoop::kScratchBytes);
    switch (got.kind) {
      case IoOutcome::Kind::Done:
        context_->count_bytes(got.bytes, 0);
        take_input({loop_.read_scratch(), got.bytes});
        break;
      case IoOutcome::Kind::WantRead:
        await_more();
        return wait_read();
      case IoOutcome::Kind::WantWrite:
        await_more();
        return wait_write();
      case IoOutcome::Kind::Closed:
      case IoOutcome::Kind::Failed:
        return close();
    }
    if (phase_ != Phase::Reading) return;
    if (!stream_->has_buffered()) {
      await_more();
      return wait_read();
    }
    if (loop_.is_turn_over()) break;
  }
  later(&Connection::read_more);
}

void Connection::await_more() {
  const HttpServerOptions& options = context_->options();
  Awaited awaited = Awaited::Request;
  Duration timeout = options.idle_timeout;
  if (reader_->phase() == RequestReader::Phase::Body) {
    awaited = Awaited::Body;
    timeout = options.body_timeout;
  } else if (reader_->started()) {
    awaited = Awaited::Head;
    timeout = options.header_timeout;
  }
  if (awaited == awaited_) return;
  awaited_ = awaited;
  set_deadline(timeout);
}

void Connection::take_input(std::string_view bytes) {
  if (pending_.empty()) return serve(bytes);
  pending_.append(bytes);
  const std::string input = std::exchange(pending_, {});
  serve(input);
}

void Connection::serve_pending() {
  if (phase_ != Phase::Reading) return;
  const std::string input = std::exchange(pending_, {});
  serve(input);
  if (phase_ == Phase::Reading) read_more();
}

void Connection::serve(std::string_view input) {
  size_t answers = 0;
  while (advance_reader(input)) {
    dispatch();
    const bool again = phase_ == Phase::Writing && !input.empty() &&
                       form_.afterwards == AnswerForm::Afterwards::KeepAlive &&
                       ++answers < limits::kPipelinedMax && out_.bytes() < kGatheredAnswerBytes &&
                       !loop_.is_turn_over();
    if (!again) break;
    phase_ = Phase::Reading;
  }
  keep_rest(input);
  if (phase_ == Phase::Reading && !out_.empty()) phase_ = Phase::Writing;
  // Also while a handler runs: the answers before it must not wait for it.
  if (phase_ != Phase::Reading && (phase_ != Phase::Running || !out_.empty())) flush();
}

// Feeds the reader until a request is complete (true), input is used up or the request is refused.
bool Connection::advance_reader(std::string_view& input) {
  while (true) {
    const RequestReader::Phase before = reader_->phase();
    const size_t used = reader_->feed(input);
    input.remove_prefix(used);
    if (reader_->phase() == RequestReader::Phase::Failed) {
      refuse(context_->error_response(reader_->error()));
      return false;
    }
    if (before == RequestReader::Phase::Head && reader_->phase() != before && !accept_head())
      return false;
    if (before == RequestReader::Phase::Body && !lease_.grow(reader_->body_bytes())) {
      refuse(context_->refusal());
      return false;
    }
    if (reader_->phase() == RequestReader::Phase::Complete) return true;
    if (used == 0 || input.empty()) break;
  }
  if (reader_->phase() == RequestReader::Phase::Body && reader_->expects_continue() &&
      reader_->body_bytes() == 0 && awaited_ != Awaited::Body) {
    out_.push_text("HTTP/1.1 100 Continue\r\n\r\n");
    await_more();
  }
  return false;
}

// A client may use one connection for several users (a proxy does), so each head is looked at; but
// only another Authorization can mean another user.
void Connection::tell_flow() {
  const size_t source = std::hash<std::string_view>{}(reader_->head().header("authorization")) | 1;
  if (source == flow_source_) return;
  flow_source_ = source;
  HttpRequest head = reader_->head();
  head.peer = peer_;
  FlowPtr flow = context_->flow_of(head);
  flow_ = flow ? std::move(flow) : context_->flow_of_client(remote_);
}

bool Connection::accept_head() {
  tell_flow();
  lease_ = Lease(context_, flow_);
  if (lease_.grow(reader_->declared_bytes())) return true;
  refuse(context_->refusal());
  return false;
}

void Connection::keep_rest(std::string_view rest) {
  if (!rest.empty()) pending_.assign(rest);
}

void Connection::dispatch() {
  using Form = AnswerForm;
  form_.version = reader_->is_http10() ? Form::Version::Http10 : Form::Version::Http11;
  form_.afterwards =
      reader_->keep_alive() && !draining_ ? Form::Afterwards::KeepAlive : Form::Afterwards::Close;
  HttpRequest request = reader_->take();
  awaited_ = Awaited::Nothing;
  form_.body = request.method == "HEAD" ? Form::Body::HeadOnly : Form::Body::Full;
  reads_ = request.method == "GET";
  if (!lease_.admit()) {
    return begin_answer(context_->refusal());
  }
  request.peer = peer_;
  request.remote = remote_;
  request.resume = [weak = loop_.weak_from_this()](std::function<void()> work) {
    if (const auto loop = weak.lock()) boost::asio::post(loop->io(), std::move(work));
  };
  request.flow = flow_->name;
  phase_ = Phase::Running;
  auto responder =
      std::make_shared<Responder>(loop_, weak_from_this(), context_, std::move(lease_));
  in_handler_ = true;
  context_->handler()(std::move(request), [responder](HttpResponse response) {
    responder->respond(std::move(response));
  });
  in_handler_ = false;
  if (!answered_in_handler_) return;
  HttpResponse response = std::move(*answered_in_handler_);
  answered_in_handler_.reset();
  begin_answer(std::move(response));
}

void Connection::refuse(HttpResponse response) {
  form_ = {};
  form_.afterwards = AnswerForm::Afterwards::Close;
  linger_ = true;
  begin_answer(std::move(response));
}

void Connection::discard_input() {
  if (phase_ != Phase::Lingering) return;
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    const IoOutcome got = stream_->read(loop_.read_scratch(), WireLoop::kScratchBytes);
    if (got.kind == IoOutcome::Kind::WantRead) return wait_read();
    if (got.kind != IoOutcome::Kind::Done) return close();
  }
  later(&Connection::discard_input);
}

}  // namespace charter
