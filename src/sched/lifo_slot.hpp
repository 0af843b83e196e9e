#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/runnable.hpp>

namespace rota::inline v0 {

// The one task that its worker runs next, ahead of its ring: it was made ready by the task that
// runs now, so what it needs is in the cache, and a pair that calls each other never waits behind
// the ring.
//
// Rules
//   1. The owner alone puts in. What it displaces goes to the tail of the ring.
//   2. Only the owner makes the slot full, so when it finds it empty it needs no exchange to fill
//      it; and it needs none to learn that there is nothing to take.
//   3. Whoever takes does so by an exchange, the owner against thieves and thieves against each
//      other. The exchange compares nothing: whatever lies there is a task to run, so one that came
//      back at the same address means no harm.
//   4. Thieves come late, when all rings are empty, since the owner is about to run what lies here.
//      But they come: if it runs one long task instead, this one would wait for as long (tokio's
//      issue 4941). Who fills the slot rouses nobody, so what idle_set.hpp promises for queues
//      does not hold for it.
//
// How often in a row a worker serves its slot before its ring is the worker's to count.
template <class T>
class alignas(128) LifoSlot {
 public:
  LifoSlot() noexcept = default;
  LifoSlot(const LifoSlot&) = delete;
  LifoSlot& operator=(const LifoSlot&) = delete;

  // Owner. What lay here and has to go elsewhere; null when the slot was empty.
  [[nodiscard]] T* put(T& item) noexcept {
    // Release pairs with the thief's take, on both ways.
    if (empty()) {  // Rule 2.
      item_.store(&item, MemoryOrder::release);
      return nullptr;
    }
    return item_.exchange(&item, MemoryOrder::release);
  }

  // Owner. Relaxed: what it takes it has put in itself.
  [[nodiscard]] T* take() noexcept {
    return empty() ? nullptr : item_.exchange(nullptr, MemoryOrder::relaxed);
  }

  // A thief. Acquire pairs with put.
  [[nodiscard]] T* steal() noexcept {
    return empty() ? nullptr : item_.exchange(nullptr, MemoryOrder::acquire);
  }

  // Any thread; lasting only where the owner finds it empty.
  [[nodiscard]] bool empty() const noexcept { return item_.load(MemoryOrder::relaxed) == nullptr; }

 private:
  // Filled by the owner, emptied by the owner and by thieves. 128 bytes, so that a thief's look
  // takes no other line from the owner.
  Atomic<T*> item_{nullptr};
};

static_assert(sizeof(LifoSlot<Runnable>) == 128);

}  // namespace rota::inline v0
