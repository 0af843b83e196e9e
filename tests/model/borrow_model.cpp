#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/take_over_word.hpp>

#include <cstdint>

namespace rota {
namespace {

using model::Failure;

enum class Bug {
  carrier_does_not_wait,
  carrier_waits_relaxed,
  give_back_relaxed,
  give_back_forgets_the_generation,
};

// A copy of TakeOverWord with one fault planted in what concerns borrowing.
template <Bug bug>
class BrokenWord {
 public:
  void enter_task() { open(); }
  bool leave_task() { return close(); }
  bool enter_runtime() { return close(); }
  void leave_runtime() { open(); }
  [[nodiscard]] std::uint64_t sample() const { return tick_.load(MemoryOrder::acquire); }

  template <class Barrier>
  bool try_take(std::uint64_t sampled, Barrier&& barrier) {
    return try_become(2, sampled, barrier);
  }
  template <class Barrier>
  bool try_borrow(std::uint64_t sampled, Barrier&& barrier) {
    return try_become(3, sampled, barrier);
  }
  void give_back() {
    const std::uint64_t want = want_.load(MemoryOrder::relaxed);
    const bool forgets = bug == Bug::give_back_forgets_the_generation;
    want_.store(forgets ? 0 : idle_after(want),
                bug == Bug::give_back_relaxed ? MemoryOrder::relaxed : MemoryOrder::release);
  }

 private:
  static std::uint64_t idle_after(std::uint64_t want) { return (want & ~std::uint64_t{3}) + 4; }

  template <class Barrier>
  bool try_become(std::uint64_t owned, std::uint64_t sampled, Barrier&& barrier) {
    std::uint64_t want = want_.load(MemoryOrder::acquire);
    if (sampled % 2 == 0 || want % 4 != 0 ||
        !want_.compare_exchange_strong(want, want + 1, MemoryOrder::relaxed)) {
      return false;
    }
    ++want;
    barrier();
    const bool stuck = tick_.load(MemoryOrder::acquire) == sampled;
    const std::uint64_t next = stuck ? want - 1 + owned : idle_after(want);
    return want_.compare_exchange_strong(want, next, MemoryOrder::acq_rel) && stuck;
  }

  void open() { tick_.store(tick_.load(MemoryOrder::relaxed) + 1, MemoryOrder::release); }

  bool close() {
    tick_.store(tick_.load(MemoryOrder::relaxed) + 1, MemoryOrder::relaxed);
    signal_fence(MemoryOrder::seq_cst);
    constexpr auto looking =
        bug == Bug::carrier_waits_relaxed ? MemoryOrder::relaxed : MemoryOrder::acquire;
    for (std::uint64_t want = want_.load(looking);;) {
      if (want % 4 == 0) return true;
      if (want % 4 == 2) return false;
      if (want % 4 == 3) {
        if constexpr (bug == Bug::carrier_does_not_wait) return true;
        spin_pause();
        want = want_.load(looking);
      } else if (want_.compare_exchange_strong(want, idle_after(want), MemoryOrder::acq_rel,
                                               MemoryOrder::acquire)) {
        return true;
      }
    }
  }

  Atomic<std::uint64_t> tick_{0};
  Atomic<std::uint64_t> want_{0};
};

// A worker is what only its owner may touch.
template <class Word>
struct Scene {
  Word word;
  model::Plain<int> worker{0};
  model::Plain<int> borrowings{0};  // The neighbour's.
  model::Plain<int> takings{0};     // The taker's.
  bool kept = true;                 // The carrier's: it has its worker.

  Scene() {
    model::label(word, "word");
    model::label(worker, "worker");
  }

  void touch() { worker = worker + 1; }

  // Tasks, each with so many visits to the runtime.
  void carry(int tasks, int visits) {
    for (int task = 0; task < tasks && kept; ++task) {
      word.enter_task();
      for (int visit = 0; visit < visits; ++visit) {
        if (kept && word.enter_runtime()) {
          touch();
        } else {
          kept = false;
        }
        word.leave_runtime();
        if (!kept) return;
      }
      kept = word.leave_task();
      if (kept) touch();
    }
  }
  void try_to_borrow() {
    if (!word.try_borrow(word.sample(), [] { model::barrier_everywhere(); })) return;
    touch();
    word.give_back();
    borrowings = borrowings + 1;
  }
  void try_to_take() {
    if (!word.try_take(word.sample(), [] { model::barrier_everywhere(); })) return;
    touch();
    takings = takings + 1;
  }
};

template <class Word, int tasks, int visits, int attempts>
void carrier_and_borrower() {
  Scene<Word> scene;
  model::Thread neighbour = model::spawn("neighbour", [&scene] {
    for (int i = 0; i < attempts; ++i) scene.try_to_borrow();
  });
  scene.carry(tasks, visits);
  neighbour.join();
  model::check(scene.kept, "what is borrowed comes back");
}

template <class Word, int tasks, int attempts>
void carrier_borrower_and_taker() {
  Scene<Word> scene;
  model::Thread neighbour = model::spawn("neighbour", [&scene] {
    for (int i = 0; i < attempts; ++i) scene.try_to_borrow();
  });
  model::Thread taker = model::spawn("taker", [&scene] { scene.try_to_take(); });
  scene.carry(tasks, 0);
  neighbour.join();
  taker.join();
  model::check(scene.kept == (scene.takings == 0), "only a take is a loss");
}

TEST(borrow, a_neighbour_has_the_worker_while_the_carrier_waits) {
  model::expect_holds(model::explore({}, carrier_and_borrower<TakeOverWord, 1, 1, 1>));
  model::expect_holds(model::explore({}, carrier_and_borrower<TakeOverWord, 2, 0, 2>));
}

TEST(borrow, a_neighbour_and_a_taker_never_share_the_worker) {
  model::expect_holds(model::explore({}, carrier_borrower_and_taker<TakeOverWord, 1, 1>));
  model::expect_holds(
      model::explore({.preemptions = 3}, carrier_borrower_and_taker<TakeOverWord, 2, 2>));
}

TEST(borrow, planted_carrier_that_does_not_wait_is_found) {
  using Broken = BrokenWord<Bug::carrier_does_not_wait>;
  model::expect_found(model::explore({}, carrier_and_borrower<Broken, 1, 1, 1>),
                      Failure::Kind::race);
}

TEST(borrow, planted_carrier_that_waits_without_acquire_is_found) {
  using Broken = BrokenWord<Bug::carrier_waits_relaxed>;
  model::expect_found(model::explore({}, carrier_and_borrower<Broken, 1, 1, 1>),
                      Failure::Kind::race);
}

TEST(borrow, planted_giving_back_without_release_is_found) {
  using Broken = BrokenWord<Bug::give_back_relaxed>;
  model::expect_found(model::explore({}, carrier_and_borrower<Broken, 1, 1, 1>),
                      Failure::Kind::race);
}

// The taker was refused long ago and finds the wanting of the neighbour's second attempt.
TEST(borrow, planted_giving_back_that_forgets_the_generation_is_found) {
  using Broken = BrokenWord<Bug::give_back_forgets_the_generation>;
  model::expect_found(model::explore({.preemptions = 5}, carrier_borrower_and_taker<Broken, 2, 2>),
                      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
