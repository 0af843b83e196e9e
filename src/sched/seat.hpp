#pragma once

#include <rota/core/seat.hpp>

namespace rota::inline v0 {

/// The seat that the calling thread has: its own, or that of the worker which a simulation has it
/// carry. Null before the thread's first look.
///
/// It lies at a fixed distance from the thread's pointer, so that no call of the runtime pays for
/// a look-up. A static library is part of the program, which has such room. A shared one that is
/// loaded late, with a plug-in, takes it from a reserve of glibc that gives no more than 512 bytes,
/// to all such libraries together, and no alignment above 64: so this is a pointer, and seat.cpp
/// aligns the seat itself.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local Seat* seat_here;

/// Makes the thread's own seat what it has. Once per thread, at its first look.
[[gnu::cold, gnu::noinline]] Seat& take_own_seat() noexcept;

/// `current_seat` for functions of the runtime, none of which task code is inlined into.
[[nodiscard]] inline Seat& this_seat() noexcept {
  if (seat_here != nullptr) [[likely]]
    return *seat_here;
  return take_own_seat();
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
