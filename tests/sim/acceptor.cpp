#include "sim/acceptor.hpp"

#include "sim/channel.hpp"
#include "sim/sink.hpp"
#include "sim/world.hpp"

#include <cerrno>
#include <span>
#include <utility>

namespace rota::simulation {

Acceptor::Acceptor(World& world, Endpoint& listener, std::vector<Channel*> channels)
    : world_(world), listener_(listener), channels_(std::move(channels)) {}

void Acceptor::begin() {
  listener_.enter();
  accept_next();
}

void Acceptor::accept_next() {
  Random& random = world_.random();
  if (random.chance(300)) {
    accept_.emplace(OpCode::accept);
    accept_->descriptor = &listener_.descriptor();
    return world_.submit(*accept_, *this);
  }
  const std::size_t room = random.between(2, static_cast<std::uint32_t>(ring_.size()));
  stream_.emplace(OpCode::accept, std::span(ring_).first(room));
  stream_->descriptor = &listener_.descriptor();
  world_.submit(*stream_, *this);
}

void Acceptor::completed(Operation& operation) {
  if ((operation.flags & op_stream) != 0) return take_stream();
  took(operation.result, operation);
  if (accepted_ == channels_.size()) return listener_.leave();
  accept_next();
}

void Acceptor::take_stream() {
  while (!stream_->empty()) took(stream_->pop().result, *stream_);
  const bool enough = accepted_ == channels_.size();
  if (stream_->armed) {
    if (enough) world_.cancel(*stream_);
    return;
  }
  if (enough) return listener_.leave();
  accept_next();
}

void Acceptor::took(int result, Operation& operation) {
  if (result < 0) {
    const bool was_asked_for = result == -ECANCELED && accepted_ == channels_.size();
    operation.result = result;
    if (!was_asked_for) world_.expect_explained(operation);
    return;
  }
  if (accepted_ == channels_.size()) return world_.fail("more was accepted than connected");
  Channel& channel = *channels_[accepted_];
  accepted_ += 1;
  Endpoint& endpoint = world_.add_endpoint(result, FdKind::socket, channel.link());
  world_.add<Sink>(endpoint, channel);
}

}  // namespace rota::simulation
