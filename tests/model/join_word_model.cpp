#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/join_word.hpp>

namespace rota {
namespace {

using model::Failure;

enum class Bug {
  none,
  detach_in_two_steps,
  finish_in_two_steps,
  wait_in_two_steps,
  relaxed_finish,
  cancel_always_wins,
};

// A copy of JoinWord with one fault planted.
template <Bug bug>
class BrokenWord {
 public:
  using End = JoinWord::End;

  End finish() {
    std::uintptr_t before = 0;
    if constexpr (bug == Bug::finish_in_two_steps) {
      before = word_.load();
      word_.store(1);
    } else {
      before = word_.exchange(1, bug == Bug::relaxed_finish ? MemoryOrder::relaxed
                                                            : MemoryOrder::acq_rel);
    }
    if (before == 0) {
      return {End::Kind::kept, nullptr};
    }
    if (before == 2) {
      return {End::Kind::free, nullptr};
    }
    return {End::Kind::wake, reinterpret_cast<void*>(before)};
  }

  bool wait(void* waiter) {
    std::uintptr_t seen = 0;
    if constexpr (bug == Bug::wait_in_two_steps) {
      if (word_.load() != 0) {
        return false;
      }
      word_.store(reinterpret_cast<std::uintptr_t>(waiter));
      return true;
    }
    return word_.compare_exchange_strong(seen, reinterpret_cast<std::uintptr_t>(waiter));
  }

  bool wait_beside(void* waiter) {
    word_.store(reinterpret_cast<std::uintptr_t>(waiter));
    return true;
  }

  void* finish_beside() {
    void* waiter = reinterpret_cast<void*>(word_.load());
    word_.store(1, bug == Bug::relaxed_finish ? MemoryOrder::relaxed : MemoryOrder::release);
    return waiter;
  }

  bool is_done() const { return word_.load(MemoryOrder::acquire) == 1; }

  bool stop_waiting(void* waiter) {
    auto seen = reinterpret_cast<std::uintptr_t>(waiter);
    return word_.compare_exchange_strong(seen, 0) || bug == Bug::cancel_always_wins;
  }

  bool detach() {
    if constexpr (bug == Bug::detach_in_two_steps) {
      const bool done = word_.load() == 1;
      word_.store(2);
      return done;
    }
    return word_.exchange(2) == 1;
  }

 private:
  Atomic<std::uintptr_t> word_{0};
};

// A task's block of memory: its word, its result, and how often it was freed.
template <class Word>
struct TaskBlock {
  Word word;
  model::Plain<int> result{0};
  model::Plain<int> frees{0};

  // Any use after this one, and any use that is not ordered before it, is a race or a failed check.
  void free() { frees = frees + 1; }

  void end() {
    result = 42;
    const JoinWord::End outcome = word.finish();
    if (outcome.kind == JoinWord::End::Kind::wake) {
      static_cast<model::Event*>(outcome.waiter)->set();
    } else if (outcome.kind == JoinWord::End::Kind::free) {
      free();
    }
  }

  void drop_handle() {
    if (word.detach()) {
      model::check(result == 42, "who frees after the end sees the result");
      free();
    }
  }
};

template <class Word>
void drop_against_end() {
  TaskBlock<Word> task;
  model::label(task, "task");
  model::Thread ending = model::spawn("ending", [&] { task.end(); });
  model::Thread dropper = model::spawn("dropper", [&] { task.drop_handle(); });
  ending.join();
  dropper.join();
  model::check(task.frees == 1, "exactly one party frees");
}

template <class Word>
void join_then_drop() {
  TaskBlock<Word> task;
  model::Event woken;
  model::label(task, "task");
  model::label(woken, "woken");
  model::Thread ending = model::spawn("ending", [&] { task.end(); });
  model::Thread joiner = model::spawn("joiner", [&] {
    if (task.word.wait(&woken)) {
      woken.wait();
    }
    model::check(task.result == 42, "the joiner sees the result");
    task.drop_handle();
  });
  ending.join();
  joiner.join();
  model::check(task.frees == 1, "exactly one party frees");
  model::check(woken.sets() <= 1, "the waiter is resumed at most once");
}

// A third party cancels the wait; the joiner then drops the handle of a task that may still run,
// or waits for it a second time.
enum class AfterCancel { drop, wait_again };

template <class Word, AfterCancel after>
void cancelled_join() {
  TaskBlock<Word> task;
  model::Event woken;
  Atomic<int> registered{0};
  Atomic<int> cancelled{0};
  Atomic<int> deregistered{0};
  model::label(task, "task");
  model::label(woken, "woken");
  model::Thread ending = model::spawn("ending", [&] { task.end(); });
  model::Thread canceller = model::spawn("canceller", [&] {
    model::wait_until([&] { return registered.load(MemoryOrder::acquire) != 0; });
    if (registered.load(MemoryOrder::relaxed) == 1 && task.word.stop_waiting(&woken)) {
      cancelled.store(1, MemoryOrder::relaxed);
      woken.set();
    }
    deregistered.store(1, MemoryOrder::release);
  });
  model::Thread joiner = model::spawn("joiner", [&] {
    const bool waits = task.word.wait(&woken);
    registered.store(waits ? 1 : 2, MemoryOrder::release);
    if (waits) {
      woken.wait();
    }
    model::wait_until([&] { return deregistered.load(MemoryOrder::acquire) != 0; });
    if (cancelled.load(MemoryOrder::relaxed) == 0) {
      model::check(task.result == 42, "who was not cancelled sees the result");
    } else if (after == AfterCancel::wait_again && task.word.wait(&woken)) {
      woken.wait();
      model::check(task.result == 42, "the second wait sees the result");
    }
    task.drop_handle();
  });
  ending.join();
  canceller.join();
  joiner.join();
  model::check(task.frees == 1, "exactly one party frees");
  const bool again = after == AfterCancel::wait_again;
  model::check(woken.sets() <= (again ? 2 : 1), "each wait is resumed at most once");
  model::check(woken.sets() == 0 || again || registered.load() == 1, "only a waiter is resumed");
}

// Rule 5: a task and its waiter on one worker, which is one thread here. Somebody else asks whether
// the task is done, which is what orders its result for him.
template <class Word>
void end_beside() {
  TaskBlock<Word> task;
  model::Event woken;
  model::label(task, "task");
  model::Thread worker = model::spawn("worker", [&] {
    model::check(task.word.wait_beside(&woken), "the task has not ended");
    task.result = 42;
    model::check(task.word.finish_beside() == &woken, "the waiter is the one that waits beside");
  });
  model::Thread asker = model::spawn("asker", [&] {
    if (task.word.is_done()) model::check(task.result == 42, "who sees the end sees the result");
  });
  worker.join();
  asker.join();
  model::check(task.word.is_done(), "the task has ended");
}

// Rule 5 where the task was left behind with its thread after its waiter had come: it ends there,
// while the worker, carried by another thread, cancels the wait.
template <class Word>
void end_left_behind() {
  TaskBlock<Word> task;
  model::Event woken;
  model::label(task, "task");
  model::check(task.word.wait_beside(&woken), "the task has not ended");
  model::Thread left = model::spawn("left behind", [&] { task.end(); });
  model::Thread worker = model::spawn("worker", [&] {
    if (task.word.stop_waiting(&woken)) {
      task.drop_handle();
    } else {
      woken.wait();
      model::check(task.result == 42, "who was not cancelled sees the result");
      task.drop_handle();
    }
  });
  left.join();
  worker.join();
  model::check(task.frees == 1, "exactly one party frees");
}

TEST(join_word, an_end_beside_its_waiter_is_seen_with_its_result) {
  model::expect_holds(model::explore({}, end_beside<JoinWord>));
}

TEST(join_word, a_waiter_beside_is_resumed_once_by_an_end_elsewhere) {
  model::expect_holds(model::explore({}, end_left_behind<JoinWord>));
}

TEST(join_word, planted_relaxed_end_beside_is_found) {
  model::expect_found(model::explore({}, end_beside<BrokenWord<Bug::relaxed_finish>>),
                      Failure::Kind::race);
}

TEST(join_word, planted_end_elsewhere_as_if_beside_is_found) {
  model::expect_found(model::explore({}, end_left_behind<BrokenWord<Bug::finish_in_two_steps>>),
                      Failure::Kind::check);
}

TEST(join_word, drop_and_end_free_exactly_once) {
  model::expect_holds(model::explore({}, drop_against_end<JoinWord>));
}

TEST(join_word, a_joiner_is_woken_and_sees_the_result) {
  model::expect_holds(model::explore({}, join_then_drop<JoinWord>));
}

TEST(join_word, a_cancelled_joiner_is_resumed_once_and_drops) {
  model::expect_holds(model::explore({}, cancelled_join<JoinWord, AfterCancel::drop>));
}

TEST(join_word, a_cancelled_joiner_may_wait_again) {
  model::expect_holds(model::explore({}, cancelled_join<JoinWord, AfterCancel::wait_again>));
}

TEST(join_word, a_cancelled_joiner_holds_within_six_preemptions) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.preemptions = 6, .max_executions = 5'000'000},
                           cancelled_join<JoinWord, AfterCancel::wait_again>));
}

TEST(join_word, planted_detach_in_two_steps_is_found) {
  model::expect_found(
      model::explore({}, drop_against_end<BrokenWord<Bug::detach_in_two_steps>>),
      Failure::Kind::check);
}

TEST(join_word, planted_finish_in_two_steps_is_found) {
  model::expect_found(
      model::explore({}, join_then_drop<BrokenWord<Bug::finish_in_two_steps>>),
      Failure::Kind::deadlock);
  model::expect_found(
      model::explore({}, drop_against_end<BrokenWord<Bug::finish_in_two_steps>>),
      Failure::Kind::check);
}

TEST(join_word, planted_wait_in_two_steps_is_found) {
  model::expect_found(model::explore({}, join_then_drop<BrokenWord<Bug::wait_in_two_steps>>),
                      Failure::Kind::deadlock);
}

TEST(join_word, planted_relaxed_finish_is_found) {
  model::expect_found(model::explore({}, join_then_drop<BrokenWord<Bug::relaxed_finish>>),
                      Failure::Kind::race);
}

TEST(join_word, planted_cancel_that_always_wins_is_found) {
  const model::Report report = model::explore(
      {}, cancelled_join<BrokenWord<Bug::cancel_always_wins>, AfterCancel::drop>);
  model::expect_found(report, Failure::Kind::check);
}

}  // namespace
}  // namespace rota
