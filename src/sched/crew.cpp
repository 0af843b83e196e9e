#include "sched/crew.hpp"

#include "sched/seat.hpp"

#include <utility>

namespace rota::inline v0 {

namespace {

constinit thread_local Crew* thread_crew = nullptr;

}  // namespace

Crew* Crew::here() noexcept { return thread_crew; }

InCrew::InCrew(Crew& crew, Seat& seat) noexcept
    : crew_before_(std::exchange(thread_crew, &crew)),
      seat_before_(std::exchange(stand_in_seat, &seat)) {}

InCrew::~InCrew() {
  thread_crew = crew_before_;
  stand_in_seat = seat_before_;
}

}  // namespace rota::inline v0
