#pragma once

#include "sim/actor.hpp"
#include "sim/transfer_slot.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rota::simulation {

class World;
class Endpoint;
class FileActor;

/// One of several that use a file at once. Each has a part of the file to itself, since no order
/// between operations is promised, and knows what must stand there.
class FileSlot : public Actor {
 public:
  FileSlot(World& world, FileActor& file, Endpoint& endpoint, std::span<std::byte> model,
           std::uint64_t begin_offset);

  void begin() override;
  void completed(Operation& operation) override;

 private:
  void go_on();
  void transfer();
  void sync();
  void took(Operation& operation);
  void check_read();
  void note_written(const Operation& operation);

  World& world_;
  FileActor& file_;
  Endpoint& endpoint_;
  std::span<std::byte> model_;
  std::uint64_t begin_offset_;
  std::size_t left_;  ///< operations
  TransferSlot slot_;
  std::size_t position_ = 0;  ///< of the transfer, in the model
  std::optional<Operation> sync_;
};

}  // namespace rota::simulation
