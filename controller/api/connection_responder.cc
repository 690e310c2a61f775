#include "controller/api/connection_responder.h"

#include "controller/api/connection.h"
#include "controller/base/check.h"

#include <boost/asio/post.hpp>

namespace charter {

Responder::Responder(WireLoop& loop, std::weak_ptr<Connection> connection,
                     std::shared_ptr<ServerContext> context, Lease lease)
    : loop_(loop.weak_from_this()),
      connection_(std::move(connection)),
      context_(std::move(context)),
      lease_(std::move(lease)) {}

Responder::~Responder() {
  if (answered_) return;
  const auto loop = loop_.lock();
  if (!loop) return;
  deliver(*loop,
          context_->error_response(Error{Code::InternalError, "the request was not answered"}));
}

void Responder::respond(HttpResponse response) {
  CHECK_MSG(!answered_.exchange(true), "respond must be called exactly once");
  if (const auto loop = loop_.lock()) deliver(*loop, std::move(response));
}

void Responder::deliver(WireLoop& loop, HttpResponse response) {
  if (loop.is_this_thread()) {
    const auto connection = connection_.lock();
    if (connection && connection->answer_in_handler(response, lease_)) return;
  }
  boost::asio::post(loop.io(), [weak = connection_, answer = std::move(response),
                                lease = std::move(lease_)]() mutable {
    if (const auto connection = weak.lock())
      connection->answer(std::move(answer), std::move(lease));
  });
}

StreamWaker::StreamWaker(WireLoop& loop, std::weak_ptr<Connection> connection)
    : loop_(loop.weak_from_this()), connection_(std::move(connection)) {}

void StreamWaker::ready() {
  if (pending_.exchange(true)) return;
  if (const auto loop = loop_.lock()) loop->wake(connection_);
}

}  // namespace charter
