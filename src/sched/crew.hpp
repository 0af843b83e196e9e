#pragma once

#include <rota/core/seat.hpp>

#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// Workers that share a thread, which one of them has at a time: a simulation's.
class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  virtual ~Crew() = default;

  /// The crew of the worker that the calling thread carries; null where it is not of one.
  [[nodiscard]] static Crew* here() noexcept;

  // By a worker that has the thread.

  /// Another may go on here.
  virtual void cross() noexcept = 0;
  /// Another shall go on, if one can.
  virtual void give_way() noexcept = 0;
  /// Into the order in which a thief looks at its victims, and an idle worker is chosen.
  virtual void shuffle(std::span<std::uint16_t> workers) noexcept = 0;
};

/// While it lives the calling thread carries a worker of `crew`, which has a seat of its own.
class InCrew {
 public:
  InCrew(Crew& crew, Seat& seat) noexcept;
  ~InCrew();
  InCrew(const InCrew&) = delete;
  InCrew& operator=(const InCrew&) = delete;

 private:
  Crew* const crew_before_;
  Seat* const seat_before_;
};

}  // namespace rota::inline v0
