#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "driver/loan_stack.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace rota {
namespace {

using model::Failure;

struct Loan {
  model::Plain<Loan*> next{nullptr};
  model::Plain<int> content{0};  // Whoever has it writes it.
};

enum class Bug {
  none,
  relaxed_push,
  relaxed_count,
  forgets_the_rest,
  sets_the_count,
  disposes_late
};

// A copy of LoanStack with one fault planted.
template <Bug bug>
class BrokenStack {
 public:
  enum class Returned : std::uint8_t { pushed, late, last };

  Returned give_back(Loan& loan) {
    constexpr auto publish =
        bug == Bug::relaxed_push ? MemoryOrder::relaxed : MemoryOrder::release;
    constexpr auto count = bug == Bug::relaxed_count ? MemoryOrder::relaxed : MemoryOrder::acq_rel;
    Loan* head = head_.load(MemoryOrder::relaxed);
    do {
      if (head == closed()) {
        return missing_.fetch_sub(1, count) == 1 ? Returned::last : Returned::late;
      }
      loan.next = head;
    } while (!head_.compare_exchange_weak(head, &loan, publish, MemoryOrder::relaxed));
    return Returned::pushed;
  }

  Loan* take_all() {
    if (head_.load(MemoryOrder::relaxed) == nullptr) return nullptr;
    return head_.exchange(nullptr, MemoryOrder::acquire);
  }

  template <class Dispose>
  bool close(std::int64_t lent, Dispose dispose) {
    Loan* rest = head_.exchange(closed(), MemoryOrder::acquire);
    for (Loan* each = rest; each != nullptr; each = each->next) {
      if constexpr (bug != Bug::forgets_the_rest) lent -= 1;
      if constexpr (bug != Bug::disposes_late) dispose(*each);
    }
    if constexpr (bug == Bug::sets_the_count) {
      missing_.store(lent, MemoryOrder::release);
      return lent == 0;
    }
    const bool last = missing_.fetch_add(lent, MemoryOrder::acq_rel) == -lent;
    if constexpr (bug == Bug::disposes_late) {
      for (Loan* each = rest; each != nullptr; each = each->next) dispose(*each);
    }
    return last;
  }

 private:
  Loan* closed() { return static_cast<Loan*>(static_cast<void*>(this)); }

  Atomic<Loan*> head_{nullptr};
  Atomic<std::int64_t> missing_{0};
};

// Main lends to some borrowers, takes back what it finds, and ends; each borrower writes into its
// loan and gives it back. Whoever is told to frees everything.
template <class Stack, std::size_t borrowers>
void lender_and_borrowers() {
  Stack stack;
  std::array<Loan, borrowers> loans;
  model::Plain<int> freed{0};
  model::label(stack, "stack");
  model::label(loans, "loans");
  const auto free_all = [&] {
    freed = freed + 1;
    for (Loan& loan : loans) loan.content = -1;
  };
  for (std::size_t i = 0; i < borrowers; ++i) {
    model::spawn("borrower", [&, i] {
      loans[i].content = 1;
      if (stack.give_back(loans[i]) == Stack::Returned::last) free_all();
    });
  }
  std::int64_t lent = borrowers;
  for (Loan* each = stack.take_all(); each != nullptr; each = each->next) {
    model::check(each->content == 1, "what comes back was used");
    each->content = 0;
    lent -= 1;
  }
  if (stack.close(lent, [](Loan& loan) { loan.content = 0; })) free_all();
  model::join_all();
  model::check(freed == 1, "one of them frees, once");
}

template <class Stack>
constexpr auto two_borrowers = lender_and_borrowers<Stack, 2>;

TEST(loan_stack, one_alone_frees_when_lender_and_borrowers_are_gone) {
  model::expect_holds(model::explore({}, two_borrowers<LoanStack<Loan>>));
}

TEST(loan_stack, holds_for_three_borrowers) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.max_executions = 400'000}, lender_and_borrowers<LoanStack<Loan>, 3>));
}

TEST(loan_stack, the_copy_without_a_fault_holds) {
  model::expect_holds(model::explore({}, two_borrowers<BrokenStack<Bug::none>>));
}

TEST(loan_stack, planted_relaxed_push_is_found) {
  model::expect_found(model::explore({}, two_borrowers<BrokenStack<Bug::relaxed_push>>),
                      Failure::Kind::race);
}

TEST(loan_stack, planted_relaxed_count_is_found) {
  model::expect_found(model::explore({}, two_borrowers<BrokenStack<Bug::relaxed_count>>),
                      Failure::Kind::race);
}

TEST(loan_stack, planted_rest_that_is_forgotten_is_found) {
  model::expect_found(model::explore({}, two_borrowers<BrokenStack<Bug::forgets_the_rest>>),
                      Failure::Kind::check);
}

TEST(loan_stack, planted_count_that_is_set_is_found) {
  model::expect_found(model::explore({}, two_borrowers<BrokenStack<Bug::sets_the_count>>),
                      Failure::Kind::check);
}

TEST(loan_stack, planted_late_disposal_is_found) {
  model::expect_found(model::explore({}, two_borrowers<BrokenStack<Bug::disposes_late>>),
                      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
