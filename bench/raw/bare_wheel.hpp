#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace rota::bench {

/// One timer of the bare wheel.
struct BareTimer {
  BareTimer* next = nullptr;
  BareTimer* prev = nullptr;
  std::uint64_t tick = 0;
  void (*fire)(BareTimer&) noexcept = nullptr;
};

/// The least that a hierarchical wheel can do: six levels of 64 slots, ticks of 2^20 ns, no exact
/// due times, no count, nothing that tells an idle loop until when it may sleep, everything inline.
class BareWheel {
 public:
  BareWheel() {
    for (BareTimer& slot : slots_) slot.next = slot.prev = &slot;
  }
  BareWheel(const BareWheel&) = delete;
  BareWheel& operator=(const BareWheel&) = delete;

  void insert(BareTimer& timer, std::int64_t due_ns) noexcept {
    timer.tick = (static_cast<std::uint64_t>(due_ns) >> tick_shift) + 1;
    place(timer);
  }

  static void remove(BareTimer& timer) noexcept {
    timer.prev->next = timer.next;
    timer.next->prev = timer.prev;
  }

  void expire(std::int64_t now_ns) noexcept {
    const std::uint64_t last = static_cast<std::uint64_t>(now_ns) >> tick_shift;
    while (current_ < last) {
      ++current_;
      for (unsigned level = levels - 1; level > 0; --level) {
        if ((current_ & ((std::uint64_t{1} << digit_bits * level) - 1)) == 0) {
          drain(level, [this](BareTimer& timer) { place(timer); });
        }
      }
      drain(0, [](BareTimer& timer) { timer.fire(timer); });
    }
  }

 private:
  static constexpr unsigned tick_shift = 20;
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots_per_level = 1U << digit_bits;
  static constexpr unsigned levels = 6;

  BareTimer& slot(unsigned level, std::uint64_t tick) noexcept {
    const std::uint64_t digit = (tick >> (digit_bits * level)) & (slots_per_level - 1);
    return slots_[level * slots_per_level + digit];
  }

  void place(BareTimer& timer) noexcept {
    const std::uint64_t difference = (timer.tick ^ current_) | 1;
    const auto level = (63U - static_cast<unsigned>(std::countl_zero(difference))) / digit_bits;
    BareTimer& head = slot(level, timer.tick);
    timer.next = &head;
    timer.prev = head.prev;
    head.prev->next = &timer;
    head.prev = &timer;
  }

  template <class Visit>
  void drain(unsigned level, Visit visit) noexcept {
    BareTimer& head = slot(level, current_);
    BareTimer* timer = head.next;
    head.next = head.prev = &head;
    while (timer != &head) {
      BareTimer* following = timer->next;
      visit(*timer);
      timer = following;
    }
  }

  std::uint64_t current_ = 0;
  std::array<BareTimer, levels * slots_per_level> slots_;
};

}  // namespace rota::bench
