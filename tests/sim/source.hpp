#pragma once

#include "sim/actor.hpp"
#include "sim/transfer_slot.hpp"

namespace rota::simulation {

class World;
class Endpoint;
class Channel;

/// Writes a channel's bytes to an endpoint, in pieces of any size and shape, and shuts it down.
class Source : public Actor {
 public:
  Source(World& world, Endpoint& to, Channel& channel);

  void begin() override;
  void completed(Operation& operation) override;
  void woke() override;

 private:
  void go_on();
  void write_next();

  World& world_;
  Endpoint& to_;
  Channel& channel_;
  TransferSlot slot_;
};

}  // namespace rota::simulation
