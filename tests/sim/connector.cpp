#include "sim/connector.hpp"

#include "sim/channel.hpp"
#include "sim/source.hpp"
#include "sim/world.hpp"

#include <utility>

namespace rota::simulation {

Connector::Connector(World& world, sockaddr_un address, socklen_t address_bytes,
                     std::vector<Channel*> channels)
    : world_(world),
      address_(address),
      address_bytes_(address_bytes),
      channels_(std::move(channels)) {}

void Connector::begin() { woke(); }

void Connector::woke() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return world_.fail("no socket is left");
  endpoint_ = &world_.add_endpoint(fd, FdKind::socket, channels_[connected_]->link());
  endpoint_->enter();
  connect_.emplace(&address_, address_bytes_);
  connect_->descriptor = &endpoint_->descriptor();
  world_.submit(*connect_, *this);
}

void Connector::completed(Operation& operation) {
  if (operation.result < 0) {
    world_.expect_explained(operation);
    endpoint_->leave();
    return world_.nap(*this);
  }
  world_.add<Source>(*endpoint_, *channels_[connected_]);
  endpoint_->leave();
  connected_ += 1;
  if (connected_ < channels_.size()) world_.nap(*this);
}

}  // namespace rota::simulation
