#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

// How many children of a forking function run beside it, so that it goes on after its join once and
// when all of them have ended. It has none as long as nobody steals: a child runs before the
// function goes on, and whoever ends the child goes on with it.
//
// Rules
//   1. Each theft of the function leaves exactly one child behind: the one that it forked last,
//      which the victim runs. So thefts are counted, and not forks, by the thief, whose the
//      function is from then on.
//   2. A child whose function was stolen subtracts one as its end: below zero while the function
//      has not come to its join.
//   3. At the join the function, suspended already, adds the thefts since its last join. Zero: all
//      had ended, and it goes on. Else the word now says how many have not, and the child that
//      brings it to zero goes on with the function.
//   4. So the word is zero again whenever the function runs after a join, without a reset; and it
//      cannot be one before the join, which is how that last child knows itself.
//   5. Each of these steps is acquire and release: whoever goes on sees what all children wrote,
//      and what the function had done before it waited.
class ForkJoin {
 public:
  ForkJoin() noexcept = default;
  ForkJoin(const ForkJoin&) = delete;
  ForkJoin& operator=(const ForkJoin&) = delete;

  // Thief, before it goes on with the function.
  void note_theft() noexcept { thefts_ += 1; }

  // The function. False: every child has ended.
  [[nodiscard]] bool may_wait() const noexcept { return thefts_ != 0; }

  // The function, suspended. True: it waits, and is somebody else's already.
  [[nodiscard]] bool wait() noexcept {
    const std::int32_t thefts = std::exchange(thefts_, 0);
    if (thefts == 0) return false;
    return running_.fetch_add(thefts, MemoryOrder::acq_rel) + thefts != 0;
  }

  // The end of a child whose function was stolen. True: the function waits, and this was the last;
  // the caller goes on with it.
  [[nodiscard]] bool end_child() noexcept {
    return running_.fetch_sub(1, MemoryOrder::acq_rel) == 1;
  }

 private:
  Atomic<std::int32_t> running_{0};  // Children that ended, and the function at its join.
  std::int32_t thefts_ = 0;          // Since its last join; of whoever runs the function.
};

}  // namespace rota::inline v0
