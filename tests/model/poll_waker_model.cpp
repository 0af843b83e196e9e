#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/atomic.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstdint>

namespace rota {
namespace {

using model::Failure;

// What those who share a PollSignal do wrong.
enum class Fault {
  none,
  wakes_before_the_change,
  keeps_no_wake,
  drops_relaxed,
};

// The steps of poll_fn (poll_fn.hpp): a Notify that keeps one wake, and the count of those who
// share it. Freeing it is a write to `freed`, which whoever touches it later is in a race with.
template <Fault fault>
struct Signal {
  SpinLock lock;
  model::Plain<bool> permit{false};
  model::Plain<bool> waits{false};
  model::Event ready;
  Atomic<std::uint32_t> wakers{1};
  model::Plain<int> freed{0};

  Signal() {
    model::label(lock, "lock");
    model::label(wakers, "wakers");
  }

  void touch() { model::check(freed == 0, "nobody touches what was freed"); }
  void add() { wakers.fetch_add(1, MemoryOrder::relaxed); }
  void drop() {
    const auto order = fault == Fault::drops_relaxed ? MemoryOrder::relaxed : MemoryOrder::acq_rel;
    if (wakers.fetch_sub(1, order) == 1) {
      model::check(freed == 0, "it is freed once");
      freed = 1;
    }
  }
  void wake() {
    bool wakes = false;
    {
      SpinGuard guard(lock);
      touch();
      wakes = waits;
      waits = false;
      if (!wakes && fault != Fault::keeps_no_wake) permit = true;
    }
    if (wakes) ready.set();
  }
  void wait() {
    {
      SpinGuard guard(lock);
      touch();
      if (permit) {
        permit = false;
        return;
      }
      waits = true;
    }
    ready.wait();
  }
};

// One polls until it sees the change of another, who has a waker of its own and drops it at once.
template <Fault fault>
void a_change_and_a_wake() {
  Signal<fault> signal;
  Atomic<int> changed{0};
  model::label(signal, "signal");
  model::label(changed, "changed");
  signal.add();
  model::Thread other = model::spawn("other", [&] {
    if constexpr (fault == Fault::wakes_before_the_change) signal.wake();
    changed.store(1, MemoryOrder::release);
    if constexpr (fault != Fault::wakes_before_the_change) signal.wake();
    signal.drop();
  });
  while (changed.load(MemoryOrder::acquire) == 0) signal.wait();
  signal.drop();
  other.join();
  model::check(signal.freed == 1, "the last waker frees");
}

// Two wake at once, each more than is needed.
template <Fault fault>
void two_wakers() {
  Signal<fault> signal;
  Atomic<int> changes{0};
  model::label(signal, "signal");
  model::label(changes, "changes");
  const auto change = [&] {
    changes.fetch_add(1, MemoryOrder::release);
    signal.wake();
    signal.drop();
  };
  signal.add();
  signal.add();
  model::Thread one = model::spawn("one", change);
  model::Thread other = model::spawn("other", change);
  while (changes.load(MemoryOrder::acquire) < 2) signal.wait();
  signal.drop();
  one.join();
  other.join();
  model::check(signal.freed == 1, "the last waker frees");
}

TEST(poll_waker, a_change_before_its_wake_is_seen) {
  model::expect_holds(model::explore({}, a_change_and_a_wake<Fault::none>));
}

TEST(poll_waker, wakes_of_two_are_kept_and_the_last_frees) {
  model::expect_holds(model::explore({.preemptions = 3}, two_wakers<Fault::none>));
}

TEST(poll_waker, planted_wake_before_the_change_is_found) {
  model::expect_found(model::explore({}, a_change_and_a_wake<Fault::wakes_before_the_change>),
                      Failure::Kind::deadlock);
}

TEST(poll_waker, planted_wake_that_is_not_kept_is_found) {
  model::expect_found(model::explore({}, a_change_and_a_wake<Fault::keeps_no_wake>),
                      Failure::Kind::deadlock);
}

TEST(poll_waker, planted_relaxed_drop_is_found) {
  model::expect_found(model::explore({}, a_change_and_a_wake<Fault::drops_relaxed>),
                      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
