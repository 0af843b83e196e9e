#include "sched/seat.hpp"

#include <rota/core/spin_lock.hpp>

#include "sched/crew.hpp"

#include <sched.h>

namespace rota::inline v0 {

constinit thread_local Seat thread_seat;
constinit thread_local Seat* stand_in_seat = nullptr;

Seat& current_seat() noexcept { return this_seat(); }

void yield_thread() noexcept {
  if (Crew* crew = Crew::here()) return crew->give_way();
  sched_yield();
}

}  // namespace rota::inline v0
