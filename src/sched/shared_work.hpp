#pragma once

#include <rota/core/runnable.hpp>

#include "sched/idle_set.hpp"
#include "sched/injector.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What the workers of a runtime share where tasks move.
struct SharedWork {
  explicit SharedWork(std::uint32_t workers) noexcept : idle(workers) {}

  Injector<Runnable> injector;
  IdleSet idle;
};

}  // namespace rota::inline v0
