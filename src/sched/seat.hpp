#pragma once

#include <rota/core/seat.hpp>

namespace rota::inline v0 {

/// A static library is part of the program, whose thread-locals need no look-up at run time.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local Seat thread_seat;
/// The seat of the worker that a simulation has the thread carry; null: the thread has its own.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local Seat* stand_in_seat;

/// `current_seat` for functions of the runtime, none of which task code is inlined into.
[[nodiscard]] inline Seat& this_seat() noexcept {
  return stand_in_seat == nullptr ? thread_seat : *stand_in_seat;
}

/// The bracket between task code and the worker. While one is open the worker cannot be taken
/// over; opening it finds out whether it was. Brackets nest: inside the runtime an inner one does
/// nothing.
class RuntimeSection {
 public:
  RuntimeSection() noexcept : seat_(this_seat()) {
    if (seat_.worker == nullptr || !TakeOverWord::in_task(seat_.word.sample())) return;
    if (seat_.word.enter_runtime()) [[likely]] {
      opened_ = true;
    } else {
      seat_.worker = nullptr;
    }
  }
  ~RuntimeSection() {
    if (opened_) seat_.word.leave_runtime();
  }
  RuntimeSection(const RuntimeSection&) = delete;
  RuntimeSection& operator=(const RuntimeSection&) = delete;

  /// The worker this thread carries, or null: take the foreign path.
  [[nodiscard]] Worker* worker() const noexcept { return seat_.worker; }
  [[nodiscard]] Seat& seat() const noexcept { return seat_; }

 private:
  Seat& seat_;
  bool opened_ = false;
};

}  // namespace rota::inline v0
