#pragma once

#include <cstdint>

namespace rota::inline v0 {

// Stands in for the header of this name when the library is built without the bracket, to measure
// what the bracket costs: nothing is written, nothing is read, and no worker can be taken over.
class TakeOverWord {
 public:
  TakeOverWord() noexcept = default;
  TakeOverWord(const TakeOverWord&) = delete;
  TakeOverWord& operator=(const TakeOverWord&) = delete;

  void enter_task() noexcept {}
  [[nodiscard]] bool leave_task() noexcept { return true; }
  [[nodiscard]] bool enter_runtime() noexcept { return true; }
  void leave_runtime() noexcept {}
  void renew() noexcept {}
  [[nodiscard]] bool was_taken() const noexcept { return false; }
  [[nodiscard]] std::uint64_t sample() const noexcept { return 0; }
  [[nodiscard]] static constexpr bool in_task(std::uint64_t) noexcept { return false; }
  template <class Barrier>
  [[nodiscard]] bool try_take(std::uint64_t, Barrier&&) noexcept {
    return false;
  }
  template <class Barrier>
  [[nodiscard]] bool try_borrow(std::uint64_t, Barrier&&) noexcept {
    return false;
  }
  void give_back() noexcept {}
};

}  // namespace rota::inline v0
