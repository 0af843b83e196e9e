#include "sched/seat.hpp"

#include "base/hooks.hpp"

#include <rota/core/spin_lock.hpp>

#include <sched.h>

namespace rota::inline v0 {

namespace {
// A static library is part of the program, whose thread-locals need no look-up at run time.
[[gnu::tls_model("initial-exec")]] constinit thread_local Seat thread_seat;
}  // namespace

Seat& current_seat() noexcept {
  if (hooks.current_seat != nullptr) [[unlikely]] return *hooks.current_seat();
  return thread_seat;
}

void yield_thread() noexcept { sched_yield(); }

}  // namespace rota::inline v0
