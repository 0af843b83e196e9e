#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/timer_entry.hpp>

#include "core/counter.hpp"
#include "time/timer_list.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rota::inline v0 {

/// The armed timers of one worker: a hierarchical wheel, used by one thread at a time.
///
/// Time is cut into ticks of 2^14 ns (16.4 µs): a shift where a round number would be a division.
/// Level 0 has a slot for each of the 64 ticks that share all but their lowest six bits with the
/// current one; each level above has slots 64 times as long. An entry stands on the level of the
/// highest six-bit digit in which its tick differs from the current tick, so where it stands
/// depends on these two alone. When time enters a slot of a higher level, its entries move down.
///
/// 1. Never early. A slot decides only who is looked at; the entry's exact due time decides who
///    fires. `expire(now)` takes all with `due <= now` and no other.
/// 2. Order. What one `expire` hands out is in order of tick, and within a tick in order of
///    insertion. So equal due times fire in the order they were inserted in, always; two due
///    times of one tick may fire in the order of insertion instead of theirs. An entry inserted
///    when it was already due counts as due in the current tick.
/// 3. `next()` is never after the earliest due time, and after `expire(now)` it lies after `now`.
///    It is the earliest due time exactly, unless the first occupied slot lies ahead and held more
///    than `scanned_entries` entries when it was looked at: then it is the beginning of that slot,
///    and the wheel is woken once more for the sake of that many timers.
/// 4. Cost. Insert and remove are O(1). An entry moves down at most once per level in its life.
///    Empty time is skipped by the bitmaps, however long. Looking at the current tick takes its
///    whole slot, which limits itself: a slot that takes longer to look through than a tick lasts
///    is looked through once.
///
/// The levels cover all of Instant, so no due time is too far and none needs clamping. Three levels
/// more than the usual six cost 3 KiB that are touched only when used; a clamp would cost a branch
/// per insertion and the promised order of equal due times.
///
/// Rejected: ticks of 2^20 ns, with one level less. A million timers within 500 ms and an expiry
/// every 10 µs then cost 1090 ns per timer against 240 with 2^14, since the current tick's slot
/// holds 64 times as many; firing at the end of the tick instead would make 200 µs last 1 ms.
class TimerWheel {
 public:
  /// Up to so many entries of a slot are looked at for their exact due time before sleeping.
  static constexpr std::size_t scanned_entries = 16;

  explicit TimerWheel(Instant start) noexcept;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// `entry` must not be armed. A due time that has passed fires at the next `expire`.
  void insert(TimerEntry& entry, Instant due) noexcept;

  /// `entry` must be armed: in the wheel, or handed out by `expire` and not yet popped.
  void remove(TimerEntry& entry) noexcept;

  /// Until when there is nothing to do here; never() when there are no timers.
  [[nodiscard]] Deadline next() const noexcept;

  /// Appends to `due` what is due at `now`. The caller pops and fires, as many at a time as it
  /// likes. `now` does not go back; if it does, the wheel stays at the latest.
  void expire(Instant now, TimerList& due) noexcept;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Timers in the wheel; those that `expire` has handed out are not. Any thread.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  using Tick = std::uint64_t;

  static constexpr unsigned tick_shift = 14;
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots_per_level = 1U << digit_bits;
  static constexpr unsigned levels = (64 - tick_shift + digit_bits - 1) / digit_bits;
  static constexpr std::uint16_t handed_out = std::numeric_limits<std::uint16_t>::max();
  static constexpr std::int64_t unknown_ns = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

  /// The first occupied slot, and the tick that it begins with.
  struct First {
    unsigned level;
    unsigned place;
    Tick tick;
  };

  static Tick tick_of(std::int64_t ns) noexcept;
  static std::int64_t begin_ns(Tick tick) noexcept;

  [[nodiscard]] First first() const noexcept;
  [[nodiscard]] std::int64_t earliest_ns() const noexcept;
  void settle(TimerEntry& entry) noexcept;
  void mark_empty(unsigned place) noexcept;
  void move_down(unsigned place) noexcept;
  void take_all(unsigned place, TimerList& due) noexcept;
  void take_due(unsigned place, std::int64_t now_ns, TimerList& due) noexcept;

  Tick current_ = 0;
  /// What `next()` answers, or unknown_ns when a removal or an expiry made it stale. Kept because
  /// an idle worker asks every turn while the earliest timer seldom changes.
  mutable std::int64_t next_ns_ = never_ns;
  Counter size_;
  std::uint64_t occupied_levels_ = 0;
  std::array<std::uint64_t, levels> occupied_{};
  std::array<TimerList, std::size_t{levels} * slots_per_level> slots_;
};

}  // namespace rota::inline v0
