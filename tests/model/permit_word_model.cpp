#include "model/expect.hpp"
#include "model/permit_gate.hpp"

#include <rota/core/permit_word.hpp>

namespace rota {
namespace {

using model::Failure;
using model::Gate;
using model::GateFault;
using model::PermitWaiter;

enum class Fault {
  none,
  takes_relaxed,
  gives_relaxed,
  takes_past_the_line,
  waits_without_comparing,
  begins_to_wait_relaxed,
  ends_waiting_relaxed,
};

// A copy of PermitWord with one mistake.
template <Fault fault>
class BrokenWord {
 public:
  enum class Taken : bool { no, yes };

  explicit BrokenWord(std::uint32_t permits) : word_(permits << 1) {}

  bool try_take(std::uint32_t wanted) {
    constexpr bool barges = fault == Fault::takes_past_the_line;
    constexpr auto order =
        fault == Fault::takes_relaxed ? MemoryOrder::relaxed : MemoryOrder::acquire;
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while (((seen & 1) == 0 || barges) && (seen >> 1) >= wanted) {
      if (word_.compare_exchange_weak(seen, seen - (wanted << 1), order, MemoryOrder::relaxed)) {
        return true;
      }
    }
    return false;
  }
  bool try_give(std::uint32_t given) {
    constexpr auto order =
        fault == Fault::gives_relaxed ? MemoryOrder::relaxed : MemoryOrder::release;
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while ((seen & 1) == 0) {
      if (word_.compare_exchange_weak(seen, seen + (given << 1), order, MemoryOrder::relaxed)) {
        return true;
      }
    }
    return false;
  }
  Taken take_or_wait(std::uint32_t wanted) {
    constexpr auto order =
        fault == Fault::begins_to_wait_relaxed ? MemoryOrder::relaxed : MemoryOrder::acquire;
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while ((seen & 1) == 0) {
      const bool enough = (seen >> 1) >= wanted;
      if (!enough && fault == Fault::waits_without_comparing) {
        word_.fetch_or(1, order);
        return Taken::no;
      }
      const std::uint32_t next = enough ? seen - (wanted << 1) : seen | 1;
      if (word_.compare_exchange_weak(seen, next, enough ? MemoryOrder::acquire : order,
                                      MemoryOrder::relaxed)) {
        return enough ? Taken::yes : Taken::no;
      }
    }
    return Taken::no;
  }
  void give_locked(std::uint32_t given) {
    word_.store(word_.load(MemoryOrder::relaxed) + (given << 1), MemoryOrder::relaxed);
  }
  bool take_locked(std::uint32_t wanted) {
    const std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    if ((seen >> 1) < wanted) return false;
    word_.store(seen - (wanted << 1), MemoryOrder::relaxed);
    return true;
  }
  void end_waiting() {
    constexpr auto order =
        fault == Fault::ends_waiting_relaxed ? MemoryOrder::relaxed : MemoryOrder::release;
    word_.store(word_.load(MemoryOrder::relaxed) & ~1U, order);
  }
  bool anybody_waits() const { return (word_.load(MemoryOrder::relaxed) & 1) != 0; }
  std::uint32_t permits() const { return word_.load(MemoryOrder::relaxed) >> 1; }

 private:
  Atomic<std::uint32_t> word_;
};

using Real = Gate<PermitWord>;
template <Fault fault>
using Broken = Gate<BrokenWord<fault>>;
// Over the copy: the word itself asserts what these break.
template <GateFault fault>
using Misused = Gate<BrokenWord<Fault::none>, fault>;

// A mutex: so many lock, count and unlock.
template <class TheGate, int lockers>
void all_lock_once() {
  TheGate mutex(1);
  model::Plain<int> count{0};
  model::label(count, "count");
  auto lock_once = [&] {
    PermitWaiter waiter(1);
    mutex.take(waiter);
    count = count + 1;
    mutex.give(1);
  };
  for (int i = 1; i < lockers; ++i) model::spawn("locker", lock_once);
  lock_once();
  model::join_all();
  model::check(count == lockers, "each had the lock alone");
  mutex.check_at_rest(1);
}

// The home stops one who waits for a mutex while its holder unlocks it, and a third one locks it.
// Until the look is over the stopped task does not run.
template <class TheGate>
void a_stop_meets_the_hand_over() {
  TheGate mutex(1);
  PermitWaiter holder(1);
  PermitWaiter waiter(1);
  Atomic<int> looked{0};
  model::Plain<int> count{0};
  model::label(count, "count");
  mutex.take(holder);
  if (!mutex.start(waiter)) return;
  model::Thread home = model::spawn("home", [&] {
    mutex.stop(waiter);
    looked.store(1, MemoryOrder::release);
  });
  model::Thread task = model::spawn("task", [&] {
    waiter.ready.wait();
    model::wait_until([&] { return looked.load(MemoryOrder::acquire) != 0; });
    waiter.gone();
    if (waiter.stopped) return;
    count = count + 1;
    mutex.give(1);
  });
  count = count + 1;
  mutex.give(1);
  task.join();
  home.join();
  model::check(waiter.ready.sets() == 1, "a suspension ends by one wake");
  mutex.check_at_rest(1);
}

// The one who has waited is stopped before the holder unlocks; another one locks after it and, as
// the last to need the mutex, frees it.
template <class TheGate>
void the_next_holder_frees_it() {
  TheGate mutex(1);
  PermitWaiter holder(1);
  PermitWaiter waiter(1);
  Atomic<int> looked{0};
  mutex.take(holder);
  if (!mutex.start(waiter)) return;
  model::Thread unlocker = model::spawn("unlocker", [&] { mutex.give(1); });
  mutex.stop(waiter);
  waiter.ready.wait();
  if (!waiter.stopped) mutex.give(1);
  PermitWaiter last(1);
  mutex.take(last);
  mutex.free();
  unlocker.join();
}

// One waits for two permits in front of one who wants one. It is stopped while a permit is given;
// what a permit stands for is read by whoever has it.
template <class TheGate>
void the_large_one_in_front_is_stopped() {
  TheGate semaphore(0);
  PermitWaiter large(2);
  PermitWaiter small(1);
  model::Plain<int> letter{0};
  model::label(letter, "letter");
  if (!semaphore.start(large) || !semaphore.start(small)) return;
  model::Thread giver = model::spawn("giver", [&] {
    letter = 1;
    semaphore.give(1);
  });
  model::Thread taker = model::spawn("taker", [&] {
    small.ready.wait();
    model::check(letter == 1, "a permit says that the letter is there");
    small.gone();
    semaphore.give(1);
  });
  semaphore.stop(large);
  large.gone();
  taker.join();
  giver.join();
  semaphore.check_at_rest(1);
}

// A permit is given before one begins to wait for two, who is stopped; then a third one finds it.
template <class TheGate>
void a_wait_in_vain_loses_no_order() {
  TheGate semaphore(0);
  model::Plain<int> letter{0};
  model::label(letter, "letter");
  model::Thread giver = model::spawn("giver", [&] {
    letter = 1;
    semaphore.give(1);
  });
  model::Thread taker = model::spawn("taker", [&] {
    PermitWaiter small(1);
    semaphore.take(small);
    model::check(letter == 1, "a permit says that the letter is there");
  });
  PermitWaiter large(2);
  if (semaphore.start(large)) semaphore.stop(large);
  large.gone();
  giver.join();
  taker.join();
  semaphore.check_at_rest(0);
}

// A shared mutex: two read, one writes; a writer takes all permits.
template <class TheGate>
void readers_and_a_writer() {
  constexpr std::uint32_t all = 2;
  TheGate shared(all);
  model::Plain<int> value{0};
  model::label(value, "value");
  auto read = [&] {
    PermitWaiter reader(1);
    shared.take(reader);
    const int seen = value;
    model::check(seen == 0 || seen == 1, "a reader sees a whole value");
    shared.give(1);
  };
  model::Thread one = model::spawn("reader", read);
  model::Thread other = model::spawn("other", read);
  PermitWaiter writer(all);
  shared.take(writer);
  value = 1;
  shared.give(all);
  one.join();
  other.join();
  shared.check_at_rest(all);
}

// Who stands in front is served first.
template <class TheGate>
void the_first_is_served_first() {
  TheGate mutex(1);
  PermitWaiter holder(1);
  PermitWaiter first(1);
  PermitWaiter second(1);
  mutex.take(holder);
  if (!mutex.start(first) || !mutex.start(second)) return;
  mutex.give(1);
  model::check(first.ready.sets() == 1 && second.ready.sets() == 0, "in the order of the waits");
  mutex.give(1);
  model::check(second.ready.sets() == 1, "in the order of the waits");
  mutex.give(1);
  mutex.check_at_rest(1);
}

TEST(permit_word, a_mutex_excludes_three_and_is_free_in_the_end) {
  model::expect_holds(model::explore({.preemptions = 4}, all_lock_once<Real, 3>));
}
TEST(permit_word, a_mutex_excludes_two_under_every_execution) {
  model::expect_holds(model::explore({}, all_lock_once<Real, 2>));
}
TEST(permit_word, a_stopped_waiter_has_the_lock_or_passes_it_on) {
  model::expect_holds(model::explore({}, a_stop_meets_the_hand_over<Real>));
}
TEST(permit_word, a_mutex_may_be_freed_by_its_next_holder) {
  model::expect_holds(model::explore({}, the_next_holder_frees_it<Real>));
}
TEST(permit_word, a_large_wait_that_is_stopped_lets_the_next_one_in) {
  model::expect_holds(model::explore({}, the_large_one_in_front_is_stopped<Real>));
}
TEST(permit_word, a_wait_that_is_stopped_hides_no_permit) {
  model::expect_holds(model::explore({.preemptions = 4}, a_wait_in_vain_loses_no_order<Real>));
}
TEST(permit_word, readers_share_and_writers_do_not) {
  model::expect_holds(model::explore({.preemptions = 3}, readers_and_a_writer<Real>));
}
TEST(permit_word, waits_are_served_in_their_order) {
  model::expect_holds(model::explore({}, the_first_is_served_first<Real>));
}

TEST(permit_word, planted_relaxed_take_is_found) {
  model::expect_found(model::explore({}, all_lock_once<Broken<Fault::takes_relaxed>, 2>),
                      Failure::Kind::race);
}
TEST(permit_word, planted_relaxed_give_is_found) {
  model::expect_found(model::explore({}, all_lock_once<Broken<Fault::gives_relaxed>, 2>),
                      Failure::Kind::race);
}
TEST(permit_word, planted_take_past_the_line_is_found) {
  model::expect_found(
      model::explore({.preemptions = 4},
                     a_wait_in_vain_loses_no_order<Broken<Fault::takes_past_the_line>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_wait_that_misses_a_permit_is_found) {
  model::expect_found(model::explore({}, all_lock_once<Broken<Fault::waits_without_comparing>, 2>),
                      Failure::Kind::deadlock);
}
TEST(permit_word, planted_relaxed_beginning_of_a_wait_is_found) {
  model::expect_found(
      model::explore({.preemptions = 4},
                     a_wait_in_vain_loses_no_order<Broken<Fault::begins_to_wait_relaxed>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_relaxed_end_of_waiting_is_found) {
  model::expect_found(
      model::explore({.preemptions = 4},
                     a_wait_in_vain_loses_no_order<Broken<Fault::ends_waiting_relaxed>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_give_under_the_lock_in_vain_is_found) {
  model::expect_found(
      model::explore({},
                     the_next_holder_frees_it<Misused<GateFault::gives_in_vain_under_the_lock>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_give_that_does_not_look_is_found) {
  model::expect_found(
      model::explore({}, the_next_holder_frees_it<Misused<GateFault::gives_without_looking>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_stop_that_does_not_look_is_found) {
  model::expect_found(
      model::explore({}, a_stop_meets_the_hand_over<Misused<GateFault::stop_does_not_look>>),
      Failure::Kind::race);
}
TEST(permit_word, planted_stop_that_hands_nothing_out_is_found) {
  model::expect_found(
      model::explore({},
                     the_large_one_in_front_is_stopped<Misused<GateFault::stop_does_not_hand_out>>),
      Failure::Kind::deadlock);
}
TEST(permit_word, planted_service_out_of_order_is_found) {
  model::expect_found(
      model::explore({}, the_first_is_served_first<Misused<GateFault::hands_out_past_the_first>>),
      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
