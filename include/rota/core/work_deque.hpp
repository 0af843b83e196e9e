#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/owned.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

// What a worker has forked and not yet run: the owner pushes and takes at the bottom, newest first,
// as if the forks were calls; thieves take the oldest at the top, which is the largest piece of
// work. It grows, for a fork may not fail for want of room, and owns nothing that it points at.
//
// The deque of Chase and Lev (SPAA 2005) with the orders of Le, Pop, Cohen and Zappa Nardelli
// (PPoPP 2013), but for the release stores of rule 3.
//
// Rules
//   1. Entries `top` to `bottom` - 1 are there; index i lies in slot i % capacity. The owner alone
//      writes `bottom` and the slots. `top` only grows, by compare-and-swap.
//   2. A take claims the last entry by lowering `bottom`, then looks at `top`. If other entries are
//      left no thief can come so far, and it has it; if it is the only one, the owner goes for it
//      at the top like a thief, and one of them wins.
//   3. Every store to `bottom` is a release, also those of takes: a thief that reads a take's
//      `bottom` must see the entries that were pushed below it. (In the paper a fence in push
//      serves for all later stores; a release store speaks for itself alone.)
//   4. A thief reads `top` before `bottom`. The other way round it may find a `bottom` that is long
//      gone above a `top` that has come there since, and take what the owner has.
//   5. Lower bottom and read top, read top and read bottom: between the two of each side stands a
//      seq_cst fence, so that of an owner and a thief that want one entry at least one sees the
//      other.
//   6. The owner compares the room with a `top` that it saw before, and looks again when that says
//      full: the line of `top` stays with the thieves.
//   7. A buffer that was outgrown is kept until the deque dies, since a thief may read it still:
//      all of them together are smaller than the last.
//
// On two busy cores (bench/micro/work_deque.cpp) a push and a take above other entries take 3.0 ns
// (quartiles 2.7 to 3.7), of the only entry 5.4 ns, a theft 5 ns.
//
// Rejected: a barrier on every core by the thief (membarrier), with no fence in a take. A push and
// a take were 2.2 ns then, and a theft 360 ns; of bursts of eight forks a thief got none, since
// they were over before its barrier was; and each theft interrupts every core that runs a worker.
// Nor is it worth a deque that thieves have to open first, by one barrier for many thefts: without
// the fence fib (bench/rota/forks.cpp) took 75.3 ns per fork, and 75.5 with it, in a slow hour.
template <class T, std::size_t first_capacity = 256>
class alignas(128) WorkDeque {
  static_assert((first_capacity & (first_capacity - 1)) == 0 && first_capacity >= 2);

 public:
  WorkDeque() noexcept = default;
  ~WorkDeque() {
    while (buffer_.load(MemoryOrder::relaxed) != &first_) {
      Buffer* grown = buffer_.load(MemoryOrder::relaxed);
      buffer_.store(grown->outgrown, MemoryOrder::relaxed);
      delete[] grown->slots;
      delete grown;
    }
  }
  WorkDeque(const WorkDeque&) = delete;
  WorkDeque& operator=(const WorkDeque&) = delete;

  // Owner. Throws std::bad_alloc, and has pushed nothing, when it has to grow and cannot.
  void push(T& item) {
    if (try_push(item)) [[likely]]
      return;
    make_room(bottom_.load(MemoryOrder::relaxed));
    static_cast<void>(try_push(item));
  }
  // Owner. False: it has to grow first.
  [[nodiscard]] bool try_push(T& item) noexcept {
    const std::int64_t bottom = bottom_.load(MemoryOrder::relaxed);  // Its own.
    if (bottom - top_seen_ > mask_) [[unlikely]]
      return false;
    slots_[bottom & mask_].store(&item, MemoryOrder::relaxed);
    // Release publishes the item and its slot to a thief that acquires the bottom.
    bottom_.store(bottom + 1, MemoryOrder::release);
    return true;
  }

  // Owner. The newest entry; null when there is none.
  [[nodiscard]] T* take() noexcept {
    const std::int64_t last = bottom_.load(MemoryOrder::relaxed) - 1;
    bottom_.store(last, MemoryOrder::release);  // Rule 3.
    fence(MemoryOrder::seq_cst);                // Rule 5.
    const std::int64_t top = top_.load(MemoryOrder::relaxed);
    if (top < last) [[likely]]
      return slots_[last & mask_].load(MemoryOrder::relaxed);
    return take_only(last, top);
  }

  // Any thread but the owner's. The oldest entry; null when there is none or another one was
  // quicker.
  [[nodiscard]] T* steal() noexcept {
    // Acquire pairs with the thief that moved the top: its fence came before.
    std::int64_t top = top_.load(MemoryOrder::acquire);
    fence(MemoryOrder::seq_cst);  // Rule 5.
    // Acquire pairs with push.
    if (bottom_.load(MemoryOrder::acquire) <= top) return nullptr;
    // Acquire pairs with make_room; older than the bottom it cannot be, and newer does no harm.
    const Buffer* buffer = buffer_.load(MemoryOrder::acquire);
    T* item = buffer->slots[top & buffer->mask].load(MemoryOrder::relaxed);
    // Release, which is part of seq_cst, pairs with make_room: the slot was read before the owner
    // fills it again. The rest is the paper's proof.
    const bool mine =
        top_.compare_exchange_strong(top, top + 1, MemoryOrder::seq_cst, MemoryOrder::relaxed);
    return mine ? item : nullptr;
  }

  // Any thread; right for the owner as long as no thief comes, a guess for everybody else.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::int64_t top = top_.load(MemoryOrder::acquire);
    const std::int64_t bottom = bottom_.load(MemoryOrder::relaxed);
    return bottom > top ? static_cast<std::size_t>(bottom - top) : 0;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  struct Buffer {
    Atomic<T*>* slots;
    std::int64_t mask;
    Buffer* outgrown;
  };

  // Rule 2, with the entry at `last` claimed by the bottom: it is the only one, or there is none.
  [[gnu::noinline]] T* take_only(std::int64_t last, std::int64_t top) noexcept {
    T* item = nullptr;
    if (top == last) {
      item = slots_[last & mask_].load(MemoryOrder::relaxed);
      if (!top_.compare_exchange_strong(top, top + 1, MemoryOrder::seq_cst, MemoryOrder::relaxed)) {
        item = nullptr;  // A thief has it.
      }
    }
    bottom_.store(last + 1, MemoryOrder::release);  // Rule 3.
    return item;
  }

  [[gnu::noinline]] void make_room(std::int64_t bottom) {
    // Acquire pairs with steal: slots below this top were read before they are filled again.
    top_seen_ = top_.load(MemoryOrder::acquire);
    if (bottom - top_seen_ <= mask_) return;
    const std::int64_t capacity = 2 * (mask_ + 1);
    Owned<Buffer> fresh(new Buffer{nullptr, capacity - 1, buffer_.load(MemoryOrder::relaxed)});
    fresh->slots = new Atomic<T*>[static_cast<std::size_t>(capacity)];
    Buffer* grown = fresh.release();
    for (std::int64_t index = top_seen_; index != bottom; ++index) {
      grown->slots[index & grown->mask].store(slots_[index & mask_].load(MemoryOrder::relaxed),
                                              MemoryOrder::relaxed);
    }
    slots_ = grown->slots;
    mask_ = grown->mask;
    buffer_.store(grown, MemoryOrder::release);  // Publishes what was written above.
  }

  // Written by the owner; thieves read `bottom_` and `buffer_`. What is the owner's alone stands
  // beside them, since it has the line whenever it pushes.
  Atomic<std::int64_t> bottom_{0};
  std::int64_t top_seen_ = 0;         // A top that the owner saw; the true one is no smaller.
  Atomic<T*>* slots_ = first_slots_;  // Of the newest buffer, as is the mask.
  std::int64_t mask_ = first_capacity - 1;
  Atomic<Buffer*> buffer_{&first_};
  // Moved by thieves, and by the owner for its only entry.
  alignas(128) Atomic<std::int64_t> top_{0};
  alignas(128) Buffer first_{first_slots_, first_capacity - 1, nullptr};
  Atomic<T*> first_slots_[first_capacity];
};

}  // namespace rota::inline v0
