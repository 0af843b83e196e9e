#include "sim/endpoint.hpp"

#include "driver/sim/faults.hpp"
#include "sim/world.hpp"

#include <sys/socket.h>

namespace rota::simulation {

Endpoint::Endpoint(World& world, int fd, FdKind kind, Link& link)
    : world_(world), link_(&link), descriptor_(&world.table().adopt(fd, kind, nullptr)) {}

void Endpoint::leave() {
  users_ -= 1;
  if (users_ > 0 || closing()) return;
  close_.emplace(OpCode::close);
  close_->descriptor = descriptor_;
  world_.submit(*close_, *this);
}

void Endpoint::slam() {
  if (closing()) return;
  link_->broken = true;
  users_ += 1;  // as one more user who leaves: the others still will, and then must not close again
  close_.emplace(OpCode::close);
  close_->descriptor = descriptor_;
  world_.submit(*close_, *this);
}

void Endpoint::completed(Operation& operation) {
  if (operation.result < 0) world_.expect_explained(operation);
  world_.table().release(*descriptor_);
  descriptor_ = nullptr;
}

bool Endpoint::lost_by(const Operation& operation) {
  if (operation.result >= 0) return closing();
  world_.expect_explained(operation);
  if (SimFaults::ends_connection(-operation.result)) {
    link_->broken = true;
    return true;
  }
  return closing();
}

/// A peer that is gone already has the answer.
void Endpoint::shut_down_writing() const { ::shutdown(descriptor_->fd, SHUT_WR); }

}  // namespace rota::simulation
