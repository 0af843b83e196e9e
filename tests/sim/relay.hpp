#pragma once

#include "sim/actor.hpp"
#include "sim/transfer_slot.hpp"

#include <cstddef>
#include <vector>

namespace rota::simulation {

class World;
class Endpoint;

/// Reads from one endpoint and writes what it read to another or the same one: an echo server.
class Relay : public Actor {
 public:
  Relay(World& world, Endpoint& from, Endpoint& to);

  void begin() override;
  void completed(Operation& operation) override;

 private:
  void read_next();
  void write_rest();
  void wrote(Operation& operation);
  void end();

  World& world_;
  Endpoint& from_;
  Endpoint& to_;
  TransferSlot in_;
  TransferSlot out_;
  std::vector<std::byte> rest_;  ///< read and not yet written
};

}  // namespace rota::simulation
