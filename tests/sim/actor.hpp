#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/runnable.hpp>

namespace rota::simulation {

/// A small state machine over operations: what a task would be, without the task layer. Every
/// operation that it submits comes back by `completed`, every nap by `woke`.
struct Actor : Runnable {
  virtual ~Actor() = default;

  virtual void begin() = 0;
  virtual void completed(Operation& operation) = 0;
  virtual void woke() {}
  /// When nothing is out any more: what this actor knows to hold.
  virtual void check_end() {}
};

}  // namespace rota::simulation
