#pragma once

#include <rota/core/stream.hpp>

#include "sim/actor.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace rota::simulation {

class World;
class Endpoint;
class Channel;

/// Accepts as many connections as there are channels, one by one or through a Stream, and reads
/// the n-th channel from the n-th connection. Then cancels what waits for more.
class Acceptor : public Actor {
 public:
  Acceptor(World& world, Endpoint& listener, std::vector<Channel*> channels);

  void begin() override;
  void completed(Operation& operation) override;

 private:
  void accept_next();
  void took(int result, Operation& operation);
  void take_stream();

  World& world_;
  Endpoint& listener_;
  std::vector<Channel*> channels_;
  std::size_t accepted_ = 0;
  std::array<StreamResult, 6> ring_;
  std::optional<Operation> accept_;
  std::optional<Stream> stream_;
};

}  // namespace rota::simulation
