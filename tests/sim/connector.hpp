#pragma once

#include "sim/actor.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace rota::simulation {

class World;
class Endpoint;
class Channel;

/// Connects to a listener once for each channel, one after the other, and sends the n-th channel
/// over the n-th connection. A refused connection is closed and tried anew: numbers are reused.
class Connector : public Actor {
 public:
  Connector(World& world, sockaddr_un address, socklen_t address_bytes,
            std::vector<Channel*> channels);

  void begin() override;
  void completed(Operation& operation) override;
  void woke() override;

 private:
  World& world_;
  sockaddr_un address_;
  socklen_t address_bytes_;
  std::vector<Channel*> channels_;
  std::size_t connected_ = 0;
  Endpoint* endpoint_ = nullptr;
  std::optional<Connect> connect_;
};

}  // namespace rota::simulation
