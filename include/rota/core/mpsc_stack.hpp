#pragma once

#include <rota/core/atomic.hpp>

namespace rota::inline v0 {

// An intrusive stack that any thread pushes to and one owner empties in one exchange; the body of
// an inbox. T has a member `next` that holds a T*; a node lies in at most one stack at a time, and
// the stack owns no node.
//
// Rules
//   1. A pusher writes node.next, then makes the node the head by compare-and-swap. Until that
//      succeeds nobody else sees the node; afterwards the pusher touches it no more, since the
//      owner may already have run and freed it.
//   2. The owner takes the whole list at once and never pops a single node, so no node can leave
//      and come back under a pusher's compare-and-swap in a way that matters (a pusher only
//      compares the head, it never follows it: there is no ABA).
//   3. The list comes out newest first; take_all reverses it, so nodes of one pusher come out in
//      the order in which they were pushed.
//   4. push and empty are seq_cst, so that a pusher may skip waking an owner that has not
//      announced its sleep (park_word.hpp, rule 4). On x86 neither costs more for it.
//
// A bounded ring was rejected: it needs an answer to "full" on the wake path, and wakes, cancels
// and frees may not fail. The nodes belong to what is posted, so memory is bounded by the posters.
template <class T>
class MpscStack {
 public:
  MpscStack() noexcept = default;
  MpscStack(const MpscStack&) = delete;
  MpscStack& operator=(const MpscStack&) = delete;

  // Any thread. True when the stack was empty: the owner may have to be woken.
  bool push(T& node) noexcept { return push_chain(node, node); }

  // Any thread, of a list that it has linked by next: `newest` leads to `oldest`, which comes out
  // first; oldest.next is overwritten. It appears as a whole: no other node comes between.
  bool push_chain(T& newest, T& oldest) noexcept {
    T* head = head_.load(MemoryOrder::relaxed);  // A guess; the compare-and-swap verifies it.
    do {
      oldest.next = head;
      // Release publishes the nodes to take_all; the rest of seq_cst is rule 4. Relaxed on
      // failure: the head is compared and linked, never followed.
    } while (!head_.compare_exchange_weak(head, &newest, MemoryOrder::seq_cst,
                                          MemoryOrder::relaxed));
    return head == nullptr;
  }

  // Owner only. All nodes in the order of their pushes, linked by next; nullptr when there are
  // none, at the price of one load.
  [[nodiscard]] T* take_all() noexcept {
    if (empty()) {
      return nullptr;
    }
    // Acquire pairs with the release part of every push whose node is in the list: each push is a
    // read-modify-write, so the head continues the release sequence of all pushes below it.
    return reversed(head_.exchange(nullptr, MemoryOrder::acquire));
  }

  // Any thread; only the owner learns anything lasting from `false`.
  [[nodiscard]] bool empty() const noexcept {
    // Seq_cst: rule 4, the owner's look after it announced its sleep.
    return head_.load(MemoryOrder::seq_cst) == nullptr;
  }

 private:
  static T* reversed(T* node) noexcept {
    T* result = nullptr;
    while (node != nullptr) {
      T* next = node->next;
      node->next = result;
      result = node;
      node = next;
    }
    return result;
  }

  // Written by every pusher (compare-and-swap) and by the owner (exchange).
  Atomic<T*> head_{nullptr};
};

}  // namespace rota::inline v0
