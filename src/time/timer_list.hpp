#pragma once

#include <rota/core/timer_entry.hpp>

namespace rota::inline v0 {

/// A circular list of timer entries, which belong to the caller. An entry can leave from anywhere
/// without naming its list: one that is already with the due ones is removed like any other.
/// Not thread-safe; stays in place, since its ends point at it.
class TimerList {
 public:
  TimerList() noexcept { reset(); }
  TimerList(const TimerList&) = delete;
  TimerList& operator=(const TimerList&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }
  [[nodiscard]] TimerEntry* front() const noexcept { return entry(head_.next); }

  /// The entry behind `current`; null behind the last.
  [[nodiscard]] TimerEntry* after(const TimerEntry& current) const noexcept {
    return entry(current.next);
  }

  void push_back(TimerEntry& node) noexcept {
    node.next = &head_;
    node.prev = head_.prev;
    head_.prev->next = &node;
    head_.prev = &node;
  }

  /// Null when empty. What comes back is no longer armed and may be inserted again.
  TimerEntry* pop_front() noexcept {
    TimerEntry* node = front();
    if (node != nullptr) {
      unlink(*node);
      node->next = node->prev = nullptr;
    }
    return node;
  }

  /// Appends all of `other`, in its order, and leaves it empty.
  void splice_back(TimerList& other) noexcept {
    if (other.empty()) return;
    other.head_.next->prev = head_.prev;
    head_.prev->next = other.head_.next;
    other.head_.prev->next = &head_;
    head_.prev = other.head_.prev;
    other.reset();
  }

  /// Takes `node` out of whichever list holds it; its own links are left stale.
  static void unlink(TimerEntry& node) noexcept {
    node.prev->next = node.next;
    node.next->prev = node.prev;
  }

 private:
  void reset() noexcept { head_.next = head_.prev = &head_; }

  TimerEntry* entry(TimerLink* link) const noexcept {
    return link == &head_ ? nullptr : static_cast<TimerEntry*>(link);
  }

  TimerLink head_;
};

}  // namespace rota::inline v0
