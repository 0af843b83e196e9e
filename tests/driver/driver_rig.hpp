#pragma once

#include "core/descriptor_table.hpp"
#include "driver/driver.hpp"
#include "driver/sockets.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace rota::testing_sockets {

/// The little that stands between a test and a Driver: descriptors, the list of what is given to
/// the next turn, and how many came back.
class DriverRig {
 public:
  explicit DriverRig(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}

  Driver& driver() { return *driver_; }

  Descriptor& adopt(Fd fd, FdKind kind = FdKind::socket) {
    return table_.adopt(fd.release(), kind, nullptr);
  }

  /// What an accept came back with, a number or a place.
  Descriptor& adopt(const Operation& accept) {
    Descriptor& descriptor = table_.adopt(-1, FdKind::socket, nullptr);
    own_accepted(descriptor, accept);
    return descriptor;
  }

  void give(Operation& operation, Descriptor* descriptor) {
    operation.descriptor = descriptor;
    todo_.push_back(operation);
  }

  void turn(Deadline until = Deadline::never()) {
    OpList done;
    driver_->turn(std::exchange(todo_, OpList()), until, done);
    while (done.pop_front() != nullptr) ++returned_;
  }

  /// How many operations came back so far; a Stream counts each time.
  [[nodiscard]] std::size_t returned() const { return returned_; }
  void turn_until_returned(std::size_t count) {
    while (returned_ < count) turn();
  }

  /// Ends what is in flight on it, closes it, and yields the close's result.
  std::int32_t close(Descriptor& descriptor) {
    Operation closing(OpCode::close);
    give(closing, &descriptor);
    do turn();
    while (closing.state != OpState::idle);
    table_.release(descriptor);
    return closing.result;
  }

 private:
  DescriptorTable table_;
  std::unique_ptr<Driver> driver_;
  OpList todo_;
  std::size_t returned_ = 0;
};

}  // namespace rota::testing_sockets
