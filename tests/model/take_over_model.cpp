#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/take_over_word.hpp>

#include <cstdint>

namespace rota {
namespace {

using model::Failure;

enum class Bug {
  tick_not_looked_at,
  want_not_looked_at,
  refuse_without_compare,
  take_without_compare,
  no_generation,
  open_relaxed,
};

// A copy of TakeOverWord with one fault planted.
template <Bug bug>
class BrokenWord {
 public:
  void enter_task() { open(); }
  bool leave_task() { return close(); }
  bool enter_runtime() { return close(); }
  void leave_runtime() { open(); }
  void renew() { want_.store(idle_after(want_.load(MemoryOrder::relaxed))); }
  std::uint64_t sample() const { return tick_.load(MemoryOrder::acquire); }

  template <class Barrier>
  bool try_take(std::uint64_t sampled, Barrier&& barrier) {
    std::uint64_t want = want_.load(MemoryOrder::acquire);
    if (sampled % 2 == 0 || want % 4 != 0 || !want_.compare_exchange_strong(want, want + 1)) {
      return false;
    }
    ++want;
    barrier();
    const bool stuck = bug == Bug::tick_not_looked_at || tick_.load() == sampled;
    if constexpr (bug == Bug::take_without_compare) {
      want_.store(stuck ? want + 1 : idle_after(want));
      return stuck;
    }
    return want_.compare_exchange_strong(want, stuck ? want + 1 : idle_after(want)) && stuck;
  }

 private:
  static std::uint64_t idle_after(std::uint64_t want) {
    return bug == Bug::no_generation ? 0 : (want & ~std::uint64_t{3}) + 4;
  }

  void open() {
    tick_.store(tick_.load(MemoryOrder::relaxed) + 1,
                bug == Bug::open_relaxed ? MemoryOrder::relaxed : MemoryOrder::release);
  }

  bool close() {
    tick_.store(tick_.load(MemoryOrder::relaxed) + 1, MemoryOrder::relaxed);
    if constexpr (bug == Bug::want_not_looked_at) {
      return true;
    }
    std::uint64_t want = want_.load(MemoryOrder::relaxed);
    if constexpr (bug == Bug::refuse_without_compare) {
      if (want % 4 == 1) {
        want_.store(idle_after(want));
        return true;
      }
    }
    while (want % 4 == 1) {
      if (want_.compare_exchange_strong(want, idle_after(want))) {
        return true;
      }
    }
    return want % 4 == 0;
  }

  Atomic<std::uint64_t> tick_{0};
  Atomic<std::uint64_t> want_{0};
};

// What only the owner of the worker may touch: plain memory, so that any two accesses that the
// take-over does not order are a race.
struct Worker {
  model::Plain<int> visits{0};
  void visit() { visits = visits + 1; }
};

template <class Word>
struct Seat {
  Word word;
  Atomic<int> carried{0};  // Which worker this seat carries; -1 for none.
};

// `unseen` is what a thread sanitizer makes of membarrier.
enum class Barrier { everywhere, unseen };

template <class Word, Barrier barrier>
struct Model {
  Seat<Word> seat;
  Worker workers[2];
  model::Plain<int> lost{0};
  model::Plain<int> taken_by_a{0};
  model::Plain<int> taken_by_b{0};

  // One task with one visit to the runtime, then between tasks, as often as asked. False once the
  // worker is gone.
  bool carry(int worker, int tasks, int visits) {
    for (int task = 0; task < tasks; ++task) {
      seat.word.enter_task();
      bool ours = true;
      for (int visit = 0; visit < visits; ++visit) {
        const bool here = seat.word.enter_runtime();
        model::check(ours || !here, "a worker that is gone stays gone");
        ours = here;
        if (ours) {
          workers[worker].visit();
        }
        seat.word.leave_runtime();
      }
      const bool still = seat.word.leave_task();
      model::check(ours || !still, "a worker that is gone stays gone");
      if (!still) {
        return false;
      }
      workers[worker].visit();
    }
    return true;
  }

  void try_to_take(model::Plain<int>& taken) {
    const std::uint64_t tick = seat.word.sample();
    if (tick % 2 == 0) {
      return;
    }
    const int worker = seat.carried.load(MemoryOrder::acquire);
    const bool took = seat.word.try_take(tick, [] {
      if constexpr (barrier == Barrier::everywhere) {
        model::barrier_everywhere();
      }
    });
    if (took) {
      workers[worker].visit();
      taken = taken + 1 + worker;
    }
  }

  // Puts another worker into the seat after the first was lost.
  bool carry_another() {
    lost = 1;
    seat.carried.store(1, MemoryOrder::release);
    seat.word.renew();
    workers[1].visit();
    return carry(1, 1, 0);
  }
};

enum class Carrier { one_worker, another_after_a_loss };

template <class Word, int takers, int tasks, int visits, Carrier carrier = Carrier::one_worker,
          Barrier barrier = Barrier::everywhere>
void carrier_and_takers() {
  Model<Word, barrier> m;
  model::label(m.seat, "seat");
  model::label(m.workers, "workers");
  model::Thread a = model::spawn("taker a", [&] { m.try_to_take(m.taken_by_a); });
  model::Thread b = model::spawn("taker b", [&] {
    if (takers > 1) {
      m.try_to_take(m.taken_by_b);
    }
  });
  bool lost_again = false;
  const bool kept = m.carry(0, tasks, visits);
  if (!kept) {
    m.lost = 1;
    if constexpr (carrier == Carrier::another_after_a_loss) {
      lost_again = !m.carry_another();
    }
  }
  a.join();
  b.join();
  const int losses = (kept ? 0 : 1) + (lost_again ? 2 : 0);
  model::check(m.taken_by_a + m.taken_by_b == losses, "each take is one loss, of that worker");
}

TEST(take_over, one_taker_and_three_bracketed_visits_have_one_owner_at_a_time) {
  model::expect_holds(model::explore({}, carrier_and_takers<TakeOverWord, 1, 2, 1>));
  model::expect_holds(model::explore({}, carrier_and_takers<TakeOverWord, 1, 1, 3>));
}

TEST(take_over, two_takers_never_share_a_worker) {
  model::expect_holds(model::explore({}, carrier_and_takers<TakeOverWord, 2, 1, 1>));
  model::expect_holds(model::explore({}, carrier_and_takers<TakeOverWord, 2, 2, 0>));
}

TEST(take_over, two_takers_never_share_a_worker_within_five_preemptions) {
  model::expect_holds_as_far_as_explored(model::explore_large(
      {.preemptions = 5, .max_executions = 5'000'000}, carrier_and_takers<TakeOverWord, 2, 2, 1>));
}

TEST(take_over, a_renewed_seat_loses_only_the_worker_it_carries) {
  model::expect_holds(
      model::explore({}, carrier_and_takers<TakeOverWord, 2, 1, 0, Carrier::another_after_a_loss>));
}

template <Bug bug, int takers>
model::Report planted() {
  return model::explore({}, carrier_and_takers<BrokenWord<bug>, takers, 2, 1>);
}

TEST(take_over, planted_taker_that_ignores_the_tick_is_found) {
  model::expect_found(planted<Bug::tick_not_looked_at, 1>(), Failure::Kind::check);
}

TEST(take_over, planted_carrier_that_ignores_want_is_found) {
  model::expect_found(planted<Bug::want_not_looked_at, 1>(), Failure::Kind::race);
}

TEST(take_over, planted_refusal_without_compare_is_found) {
  model::expect_found(planted<Bug::refuse_without_compare, 1>(), Failure::Kind::race);
}

TEST(take_over, planted_take_without_compare_is_found) {
  model::expect_found(planted<Bug::take_without_compare, 1>(), Failure::Kind::race);
}

TEST(take_over, planted_want_without_generation_is_found_with_two_takers) {
  ASSERT_FALSE((planted<Bug::no_generation, 1>().failure));
  model::expect_found(planted<Bug::no_generation, 2>(), Failure::Kind::race);
}

template <class Word>
constexpr auto unseen_barrier =
    carrier_and_takers<Word, 1, 2, 1, Carrier::one_worker, Barrier::unseen>;

constexpr model::Options sequential{.values = model::Values::sequential};

TEST(take_over, planted_missing_barrier_is_found) {
  // Rule 3: only old values tell a barrier from none.
  model::expect_found(model::explore({}, unseen_barrier<TakeOverWord>), Failure::Kind::race);
  model::expect_holds(model::explore(sequential, unseen_barrier<TakeOverWord>));
}

TEST(take_over, planted_relaxed_opening_is_found_by_who_does_not_see_the_barrier) {
  model::expect_found(model::explore(sequential, unseen_barrier<BrokenWord<Bug::open_relaxed>>),
                      Failure::Kind::race);
  model::expect_holds(planted<Bug::open_relaxed, 1>());
}

}  // namespace
}  // namespace rota
