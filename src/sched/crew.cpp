#include "sched/crew.hpp"

#include "sched/seat.hpp"

#include <utility>

namespace rota::inline v0 {

namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local Crew* thread_crew = nullptr;

}  // namespace

Crew* Crew::here() noexcept { return thread_crew; }

InCrew::InCrew(Crew& crew, Seat& seat) noexcept
    : crew_before_(std::exchange(thread_crew, &crew)),
      seat_before_(std::exchange(seat_here, &seat)) {}

InCrew::~InCrew() {
  thread_crew = crew_before_;
  seat_here = seat_before_;
}

}  // namespace rota::inline v0
