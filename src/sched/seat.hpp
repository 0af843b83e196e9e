#pragma once

#include <rota/core/seat.hpp>

namespace rota::inline v0 {

/// The bracket between task code and the worker. While one is open the worker cannot be taken
/// over; opening it finds out whether it was. Brackets nest: inside the runtime an inner one does
/// nothing.
class RuntimeSection {
 public:
  RuntimeSection() noexcept : seat_(current_seat()) {
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
