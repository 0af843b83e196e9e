#include "sched/seat.hpp"

#include <rota/core/spin_lock.hpp>

#include "sched/crew.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

#include <sched.h>

namespace rota::inline v0 {

namespace {

constexpr std::size_t loader_alignment = 64;  // what seat.hpp says of glibc

/// Room for a seat wherever in it a multiple of the seat's alignment falls.
alignas(loader_alignment) constinit thread_local std::array<
    std::byte, sizeof(Seat) + alignof(Seat) - loader_alignment> seat_room{};

}  // namespace

constinit thread_local Seat* seat_here = nullptr;

Seat& take_own_seat() noexcept {
  static_assert(std::is_trivially_destructible_v<Seat>);
  void* place = seat_room.data();
  std::size_t bytes = seat_room.size();
  std::align(alignof(Seat), sizeof(Seat), place, bytes);
  seat_here = ::new (place) Seat();
  return *seat_here;
}

Seat& current_seat() noexcept { return this_seat(); }

void yield_thread() noexcept {
  if (Crew* crew = Crew::here()) return crew->give_way();
  sched_yield();
}

}  // namespace rota::inline v0
