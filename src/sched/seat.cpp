#include "sched/seat.hpp"

#include <rota/core/spin_lock.hpp>

#include <sched.h>

namespace rota::inline v0 {

constinit thread_local Seat thread_seat;

Seat& current_seat() noexcept { return this_seat(); }

void yield_thread() noexcept { sched_yield(); }

}  // namespace rota::inline v0
