#include "controller/api/connection.h"
#include "controller/base/limits.h"

#include <algorithm>

// Connection, writing side: answers and streams to bytes.
namespace charter {
namespace {

/// A stream may not keep its connection busier than this, nor ask for a wake-up that overflows the
/// clock.
constexpr Duration kWakeMin = std::chrono::milliseconds(1);
constexpr Duration kWakeMax = std::chrono::hours(1);

}  // namespace

bool Connection::answer_in_handler(HttpResponse& response, Lease& lease) {
  if (!in_handler_) return false;
  answered_in_handler_ = std::move(response);
  lease_ = std::move(lease);
  return true;
}

void Connection::answer(HttpResponse response, Lease lease) {
  if (phase_ != Phase::Running) return;  // closed meanwhile
  lease_ = std::move(lease);
  answer_ = std::make_unique<HttpResponse>(std::move(response));
  later(&Connection::send_answer);
}

void Connection::send_answer() {
  blocked_ = false;  // no deadline counted while the handler ran
  begin_answer(std::move(*std::exchange(answer_, nullptr)));
  flush();
}

void Connection::begin_answer(HttpResponse response) {
  context_->count_answer(response.status);
  if (draining_) form_.afterwards = AnswerForm::Afterwards::Close;
  if (response.stream) return begin_stream(std::move(response));
  // Many lists may have been let in before the first one's size was known. Only what is read can be
  // asked for again.
  if (reads_ && !lease_.has_room_for(body_size(response))) response = context_->refusal();
  queue_response(response, form_, out_);
  lease_.hold_answer(out_.bytes());
  phase_ = Phase::Writing;
}

void Connection::begin_stream(HttpResponse response) {
  if (form_.body == AnswerForm::Body::Full && !context_->open_stream(*flow_)) {
    return begin_answer(context_->refusal());
  }
  lease_.release();  // a watch lasts for an hour: it is bounded by kWatchersMax, not as a request
  if (form_.version == AnswerForm::Version::Http10)
    form_.afterwards = AnswerForm::Afterwards::Close;
  out_.push_text(make_head(response, form_));
  phase_ = Phase::Writing;
  if (form_.body == AnswerForm::Body::HeadOnly) return;
  phase_ = Phase::Streaming;
  reader_.reset();
  body_ = std::move(response.stream);
  stream_flow_ = flow_;
  more_ = true;
  waker_ = std::make_shared<StreamWaker>(loop_, weak_from_this());
  body_->on_ready([waker = waker_] { waker->ready(); });
  if (draining_) return end_stream();
  wait_read();  // a client that goes away is noticed while the stream is idle
}

void Connection::end_stream() {
  body_.reset();
  waker_.reset();
  context_->close_stream(*stream_flow_);
  queue_last_chunk(form_, out_);
  phase_ = Phase::Writing;
}

void Connection::wake() {
  if (phase_ != Phase::Streaming) return;
  more_ = true;
  waker_->rearm();
  if (out_.empty()) pump();
}

void Connection::pump() {
  if (phase_ != Phase::Streaming || !out_.empty()) return;
  std::vector<Bytes> pieces;
  const BodyStream::State state = body_->next(limits::kWatchWriteBytesMax, pieces);
  more_ = state == BodyStream::State::More;
  queue_chunk(pieces, form_, out_);
  if (state == BodyStream::State::End) end_stream();
  flush();
}

void Connection::watch_for_close() {
  const IoOutcome got = stream_->read(loop_.read_scratch(), WireLoop::kScratchBytes);
  if (got.kind == IoOutcome::Kind::Closed || got.kind == IoOutcome::Kind::Failed) return close();
  if (got.kind == IoOutcome::Kind::Done) {
    pending_.append(loop_.read_scratch(), got.bytes);  // a request pipelined behind the stream
    if (pending_.size() > limits::kHeaderBytesMax) return close();
    if (stream_->has_buffered()) return later(&Connection::on_socket);
  }
  wait_read();
}

void Connection::flush() {
  flush_posted_ = false;
  size_t sent = 0;
  while (!out_.empty()) {
    const IoOutcome put =
        stream_->write(out_.front(loop_.write_scratch(), WireLoop::kScratchBytes));
    if (put.kind == IoOutcome::Kind::Done) {
      out_.pop(put.bytes);
      sent += put.bytes;
      if (sent < limits::kWatchWriteBytesMax || out_.empty()) continue;
      blocked_ = false;
      context_->count_bytes(0, sent);
      if (!std::exchange(flush_posted_, true)) later(&Connection::flush);
      return;
    }
    if (put.kind == IoOutcome::Kind::Closed || put.kind == IoOutcome::Kind::Failed) return close();
    context_->count_bytes(0, sent);
    // Only progress moves the deadline: a peer that takes nothing is ended, a slow one is not.
    if (!std::exchange(blocked_, true) || sent > 0) set_deadline(context_->options().write_timeout);
    return put.kind == IoOutcome::Kind::WantWrite ? wait_write() : wait_read();
  }
  blocked_ = false;
  context_->count_bytes(0, sent);
  after_flush();
}

void Connection::after_flush() {
  if (phase_ == Phase::Streaming) {
    if (more_)
      return later(&Connection::pump);  // not at once: one busy stream must not hold the thread
    return set_deadline(std::clamp(body_->wake_after(), kWakeMin, kWakeMax));
  }
  if (phase_ != Phase::Writing) return;
  lease_.release();
  if (form_.afterwards == AnswerForm::Afterwards::KeepAlive) return next_request();
  if (!linger_) return close();
  stream_->close_write();
  boost::system::error_code ignored;
  socket_.shutdown(WireLoop::Socket::shutdown_send, ignored);
  phase_ = Phase::Lingering;
  set_deadline(limits::kLingerTimeout);
  discard_input();
}

void Connection::next_request() {
  phase_ = Phase::Reading;
  if (!reader_) reader_ = std::make_unique<RequestReader>();
  if (!pending_.empty()) return later(&Connection::serve_pending);
  if (stream_->has_buffered()) return later(&Connection::read_more);
  await_more();
  wait_read();
}

}  // namespace charter
