#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// What borrowers have given back, and the end of their lender, who may go first. A Loan has a
/// member `next` that holds a Loan*.
///
/// Rules
///   1. The owner knows how many it has lent and not yet got back. Borrowers push what they give
///      back, from any thread, and the owner takes all of it at once: as in an MpscStack, no
///      single one is ever popped, so there is no ABA.
///   2. The owner ends by one exchange of the head for `closed()`. What was pushed before comes out
///      by it; whoever finds the mark pushes no more.
///   3. From then on `missing_` counts what is still lent: the owner adds how many there are, each
///      borrower subtracts one, in any order. It is below zero until the owner has added, so one
///      alone brings it to zero, the owner or the last borrower, and that one frees everything.
template <class Loan>
class LoanStack {
 public:
  /// What became of a buffer that was given back: it is on the stack; or the owner has ended, and
  /// it was one of several loans, or the last one, whose borrower frees everything.
  enum class Returned : std::uint8_t { pushed, late, last };

  LoanStack() = default;
  LoanStack(const LoanStack&) = delete;
  LoanStack& operator=(const LoanStack&) = delete;

  /// Any thread, once per loan. After `late` nothing of the owner's is touched any more.
  [[nodiscard]] Returned give_back(Loan& loan) noexcept {
    Loan* head = head_.load(MemoryOrder::relaxed);
    do {
      // Acquire and release: whoever frees has seen what every borrower did before.
      if (head == closed()) {
        const bool last = missing_.fetch_sub(1, MemoryOrder::acq_rel) == 1;
        return last ? Returned::last : Returned::late;
      }
      loan.next = head;
      // Release publishes the borrower's use of the memory to its next user.
    } while (!head_.compare_exchange_weak(head, &loan, MemoryOrder::release,
                                          MemoryOrder::relaxed));
    return Returned::pushed;
  }

  /// The owner: all that came back, linked by `next`; null when there is none, at the price of one
  /// load.
  [[nodiscard]] Loan* take_all() noexcept {
    if (head_.load(MemoryOrder::relaxed) == nullptr) return nullptr;
    return head_.exchange(nullptr, MemoryOrder::acquire);
  }

  /// The owner, once: `lent` is what it has lent and not taken back. What came back since the last
  /// `take_all` goes to `dispose`, while all of it is still there. True: nothing is lent any more,
  /// and the caller frees everything; else nothing of the owner's is touched any more.
  template <class Dispose>
  [[nodiscard]] bool close(std::int64_t lent, Dispose dispose) noexcept {
    Loan* rest = head_.exchange(closed(), MemoryOrder::acquire);
    while (rest != nullptr) {
      Loan& loan = *rest;
      rest = loan.next;
      lent -= 1;
      dispose(loan);
    }
    return missing_.fetch_add(lent, MemoryOrder::acq_rel) == -lent;
  }

 private:
  /// A mark: the address of no loan.
  [[nodiscard]] Loan* closed() noexcept { return static_cast<Loan*>(static_cast<void*>(this)); }

  Atomic<Loan*> head_{nullptr};
  Atomic<std::int64_t> missing_{0};
};

}  // namespace rota::inline v0
