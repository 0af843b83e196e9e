#include "time/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace rota::inline v0 {

TimerWheel::TimerWheel(Instant start) noexcept : current_(tick_of(start.ns)) {}

void TimerWheel::insert(TimerEntry& entry, Instant due) noexcept {
  assert(!entry.armed());
  entry.due_ns = due.ns;
  // An unknown stays unknown: it is the least of all values.
  next_ns_ = std::min(next_ns_, due.ns);
  size_ += 1;
  settle(entry);
}

void TimerWheel::remove(TimerEntry& entry) noexcept {
  assert(entry.armed());
  const bool alone = entry.next == entry.prev;  // both are the head of its list
  TimerList::unlink(entry);
  entry.next = entry.prev = nullptr;
  if (entry.place == handed_out) return;
  size_ -= 1;
  if (entry.due_ns <= next_ns_) next_ns_ = unknown_ns;
  if (alone) {
    mark_empty(entry.place);
    next_ns_ = unknown_ns;
  }
}

Deadline TimerWheel::next() const noexcept {
  if (next_ns_ == unknown_ns) next_ns_ = earliest_ns();
  return Deadline::at(Instant{next_ns_});
}

void TimerWheel::expire(Instant now, TimerList& due) noexcept {
  const Tick last = std::max(tick_of(now.ns), current_);
  while (occupied_levels_ != 0) {
    const First slot = first();
    if (slot.tick > last) break;
    current_ = slot.tick;
    if (slot.level != 0) {
      move_down(slot.place);
    } else if (slot.tick < last) {
      take_all(slot.place, due);
    } else {
      take_due(slot.place, now.ns, due);
      break;
    }
  }
  current_ = last;
  if (next_ns_ <= now.ns) next_ns_ = unknown_ns;
}

// The least Instant becomes tick 0, so that ticks compare and differ as unsigned numbers do.
TimerWheel::Tick TimerWheel::tick_of(std::int64_t ns) noexcept {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return (static_cast<std::uint64_t>(ns) ^ sign) >> tick_shift;
}

std::int64_t TimerWheel::begin_ns(Tick tick) noexcept {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return static_cast<std::int64_t>((tick << tick_shift) ^ sign);
}

// An entry on a level agrees with the current tick in every digit above that level and exceeds it
// in that level's own. So all of a lower level comes before any of a higher one, and the lowest
// bit of the lowest occupied level is the first slot.
TimerWheel::First TimerWheel::first() const noexcept {
  const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
  const auto digit = static_cast<unsigned>(std::countr_zero(occupied_[level]));
  const unsigned shift = level * digit_bits;
  const Tick above = current_ >> (shift + digit_bits) << (shift + digit_bits);
  return {level, level * slots_per_level + digit, above | (Tick{digit} << shift)};
}

std::int64_t TimerWheel::earliest_ns() const noexcept {
  if (occupied_levels_ == 0) return never_ns;
  const First slot = first();
  const bool is_current = slot.tick == current_;
  const TimerList& list = slots_[slot.place];
  std::int64_t earliest = never_ns;
  std::size_t seen = 0;
  for (TimerEntry* entry = list.front(); entry != nullptr; entry = list.after(*entry)) {
    if (++seen > scanned_entries && !is_current) return begin_ns(slot.tick);
    earliest = std::min(earliest, entry->due_ns);
  }
  return earliest;
}

void TimerWheel::settle(TimerEntry& entry) noexcept {
  const Tick tick = std::max(tick_of(entry.due_ns), current_);
  // The lowest bit changes no level; it spares the case of no difference at all.
  const Tick difference = (tick ^ current_) | 1;
  const unsigned level = (63U - static_cast<unsigned>(std::countl_zero(difference))) / digit_bits;
  const auto digit = static_cast<unsigned>(tick >> (level * digit_bits)) % slots_per_level;
  const unsigned place = level * slots_per_level + digit;
  entry.place = static_cast<std::uint16_t>(place);
  slots_[place].push_back(entry);
  occupied_[level] |= std::uint64_t{1} << digit;
  occupied_levels_ |= std::uint64_t{1} << level;
}

void TimerWheel::mark_empty(unsigned place) noexcept {
  const unsigned level = place / slots_per_level;
  occupied_[level] &= ~(std::uint64_t{1} << place % slots_per_level);
  if (occupied_[level] == 0) occupied_levels_ &= ~(std::uint64_t{1} << level);
}

// In order, so that equal due times stay in the order of their insertion. Whoever is inserted
// later with the same due time finds the current tick in the same slot and joins behind.
void TimerWheel::move_down(unsigned place) noexcept {
  TimerList moving;
  moving.splice_back(slots_[place]);
  mark_empty(place);
  while (TimerEntry* entry = moving.pop_front()) settle(*entry);
}

// Walked, not only spliced: each entry must know that it left, so that removing it now neither
// counts twice nor clears a slot. The caller reads the same lines next, to fire.
void TimerWheel::take_all(unsigned place, TimerList& due) noexcept {
  TimerList& list = slots_[place];
  for (TimerEntry* entry = list.front(); entry != nullptr; entry = list.after(*entry)) {
    entry->place = handed_out;
    size_ -= 1;
  }
  due.splice_back(list);
  mark_empty(place);
}

void TimerWheel::take_due(unsigned place, std::int64_t now_ns, TimerList& due) noexcept {
  if (now_ns < next_ns_) return;
  TimerList& list = slots_[place];
  std::int64_t earliest = never_ns;
  TimerEntry* following = nullptr;
  for (TimerEntry* entry = list.front(); entry != nullptr; entry = following) {
    following = list.after(*entry);
    if (entry->due_ns > now_ns) {
      earliest = std::min(earliest, entry->due_ns);
      continue;
    }
    TimerList::unlink(*entry);
    due.push_back(*entry);
    entry->place = handed_out;
    size_ -= 1;
  }
  // Nothing in another slot is earlier than what stays in the current one.
  next_ns_ = list.empty() ? unknown_ns : earliest;
  if (list.empty()) mark_empty(place);
}

}  // namespace rota::inline v0
