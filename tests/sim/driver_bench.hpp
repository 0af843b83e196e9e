#pragma once

#include "core/descriptor_table.hpp"
#include "driver/sim/sim.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rota::simulation {

/// A simulated driver with a few open fds, for tests that look at one behaviour.
class DriverBench {
 public:
  explicit DriverBench(const SimOptions& options) : driver(options) {}
  explicit DriverBench(std::uint64_t seed) : driver(SimOptions{.seed = seed}) {}
  ~DriverBench();

  /// Both ends of a Unix socket pair of this type, or of a pipe (reader first).
  std::array<Descriptor*, 2> sockets(int type);
  std::array<Descriptor*, 2> pipe();
  Descriptor& adopt(int fd, FdKind kind);
  /// It was closed by the driver.
  void forget(Descriptor& descriptor);

  /// Starts the operations in this order.
  void start(std::initializer_list<Operation*> operations);
  /// Turns until `count` operations came back; returns them in their order.
  std::vector<Operation*> collect(std::size_t count);

  SimDriver driver;
  DescriptorTable table;

 private:
  std::vector<Descriptor*> open_;
  OpList todo_;
};

/// Plain blocking calls of the other side.
void put(const Descriptor& to, std::string_view bytes);

}  // namespace rota::simulation
