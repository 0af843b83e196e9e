#pragma once

#include "sim/actor.hpp"
#include "sim/transfer_slot.hpp"

#include <array>
#include <cstddef>
#include <optional>

namespace rota::simulation {

class World;
class Endpoint;
class Channel;

/// Reads a channel's bytes from an endpoint and compares every one. Keeps up to two reads in
/// flight, whose order the driver must keep, and sometimes polls first.
class Sink : public Actor {
 public:
  Sink(World& world, Endpoint& from, Channel& channel);

  void begin() override;
  void completed(Operation& operation) override;
  void woke() override;

 private:
  void poll_or_read();
  void read_next();
  void start_read(TransferSlot& slot);
  void took(Operation& operation, TransferSlot& slot);
  void end_when_idle();

  World& world_;
  Endpoint& from_;
  Channel& channel_;
  std::array<TransferSlot, 2> slots_;
  std::optional<Poll> poll_;
  std::size_t in_flight_ = 0;
  bool over_ = false;
};

}  // namespace rota::simulation
