#include "model/explorer.hpp"
#include "model/event.hpp"
#include "model/plain.hpp"

#include <rota/core/atomic.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <iostream>

namespace rota {
namespace {

using model::Failure;
using model::Mode;
using model::Options;
using model::Plain;
using model::Report;

constexpr Options unreduced{.reduce = false};

// Two threads of `steps` steps each, on one shared atomic or on one each.
Report count_interleavings(const Options& options, int steps, int threads, bool shared) {
  return model::explore(options, [=] {
    std::array<Atomic<int>, 3> cells{};
    std::array<model::Thread, 3> running{model::Thread(0), model::Thread(0), model::Thread(0)};
    for (int t = 0; t < threads; ++t) {
      Atomic<int>& cell = cells[static_cast<std::size_t>(shared ? 0 : t)];
      running[static_cast<std::size_t>(t)] = model::spawn("adder", [&cell, steps] {
        for (int i = 0; i < steps; ++i) {
          cell.fetch_add(1, MemoryOrder::relaxed);
        }
      });
    }
    for (int t = 0; t < threads; ++t) {
      running[static_cast<std::size_t>(t)].join();
    }
  });
}

TEST(explorer, counts_the_interleavings_of_two_threads_as_binomials) {
  const std::array<std::uint64_t, 7> central{1, 2, 6, 20, 70, 252, 924};
  for (int n = 1; n < 7; ++n) {
    const Report report = count_interleavings(unreduced, n, 2, true);
    EXPECT_EQ(report.executions, central[static_cast<std::size_t>(n)]);
    EXPECT_TRUE(report.complete);
  }
}

TEST(explorer, counts_the_interleavings_of_three_threads_as_multinomials) {
  EXPECT_EQ(count_interleavings(unreduced, 2, 3, true).executions, 90U);
  EXPECT_EQ(count_interleavings(unreduced, 3, 3, true).executions, 1680U);
}

TEST(explorer, reduction_leaves_out_only_what_commutes) {
  EXPECT_EQ(count_interleavings({}, 4, 2, true).executions, 70U);
  EXPECT_EQ(count_interleavings({}, 3, 3, true).executions, 1680U);
  EXPECT_EQ(count_interleavings({}, 4, 2, false).executions, 1U);
  EXPECT_EQ(count_interleavings({}, 3, 3, false).executions, 1U);
}

TEST(explorer, a_preemption_bound_limits_switches) {
  // Without preemption a thread runs to its end: only the order of the threads is left.
  EXPECT_EQ(count_interleavings({.preemptions = 0}, 4, 2, true).executions, 2U);
  EXPECT_EQ(count_interleavings({.preemptions = 0}, 2, 3, true).executions, 6U);
  // One preemption of either thread after 1, 2 or 3 of its steps.
  EXPECT_EQ(count_interleavings({.preemptions = 1}, 4, 2, true).executions, 8U);
  EXPECT_EQ(count_interleavings({.preemptions = 8}, 4, 2, true).executions, 70U);
}

void lost_update() {
  Atomic<int> count{0};
  model::label(count, "count");
  const auto add = [&count] {
    count.store(count.load(MemoryOrder::relaxed) + 1, MemoryOrder::relaxed);
  };
  model::Thread a = model::spawn("a", add);
  model::Thread b = model::spawn("b", add);
  a.join();
  b.join();
  model::check(count.load(MemoryOrder::relaxed) == 2, "no addition is lost");
}

TEST(explorer, finds_a_lost_update_in_every_mode) {
  for (const Mode mode : {Mode::exhaustive, Mode::random, Mode::pct}) {
    const Report report = model::explore({.mode = mode}, lost_update);
    ASSERT_TRUE(report.failure);
    EXPECT_EQ(report.failure->kind, Failure::Kind::check);
  }
  EXPECT_TRUE(model::explore(unreduced, lost_update).failure);
  EXPECT_TRUE(model::explore({.preemptions = 1}, lost_update).failure);
  EXPECT_FALSE(model::explore({.preemptions = 0}, lost_update).failure);
}

TEST(explorer, a_replay_string_reproduces_the_failure_with_its_trace) {
  const Report report = model::explore({}, lost_update);
  ASSERT_TRUE(report.failure);
  const Report again = model::replay({}, lost_update, report.failure->replay);
  ASSERT_TRUE(again.failure);
  EXPECT_EQ(again.executions, 1U);
  EXPECT_EQ(again.failure->message, report.failure->message);
  EXPECT_EQ(again.failure->replay, report.failure->replay);
  EXPECT_EQ(again.failure->trace, report.failure->trace);
  EXPECT_NE(report.failure->trace.find("a  count.store 1"), std::string::npos);
  EXPECT_NE(report.failure->trace.find("b  count.store 1"), std::string::npos);
}

// A sleeper that announces itself and looks again, or does not.
void announce(bool looks_again) {
  Atomic<int> work{0};
  Atomic<int> asleep{0};
  model::Event wake;
  model::Thread sleeper = model::spawn("sleeper", [&, looks_again] {
    while (work.load() == 0) {
      asleep.store(1);
      if (looks_again && work.load() != 0) {
        break;
      }
      wake.wait();
    }
  });
  model::Thread poster = model::spawn("poster", [&] {
    work.store(1);
    if (asleep.load() != 0) {
      wake.set();
    }
  });
  sleeper.join();
  poster.join();
}

TEST(explorer, finds_the_sleep_that_was_announced_without_another_look) {
  const Report wrong = model::explore({}, [] { announce(false); });
  ASSERT_TRUE(wrong.failure);
  EXPECT_EQ(wrong.failure->kind, Failure::Kind::deadlock);
  const Report right = model::explore({}, [] { announce(true); });
  EXPECT_FALSE(right.failure) << right;
  EXPECT_TRUE(right.complete);
}

// Peterson's lock for two, and the same without the look at the other one's turn.
void mutual_exclusion(bool correct) {
  std::array<Atomic<int>, 2> wants{};
  Atomic<int> turn{0};
  Plain<int> inside{0};
  const auto enter = [&](std::size_t me) {
    wants[me].store(1);
    turn.store(static_cast<int>(1 - me));
    while (correct && wants[1 - me].load() != 0 && turn.load() != static_cast<int>(me)) {
      spin_pause();
    }
    inside = inside + 1;
    wants[me].store(0);
  };
  model::Thread a = model::spawn("a", [&enter] { enter(0); });
  model::Thread b = model::spawn("b", [&enter] { enter(1); });
  a.join();
  b.join();
  model::check(inside == 2, "both went through");
}

TEST(explorer, passes_a_right_spin_lock_and_finds_the_race_in_a_wrong_one) {
  const Report right = model::explore({}, [] { mutual_exclusion(true); });
  EXPECT_FALSE(right.failure) << right;
  EXPECT_TRUE(right.complete);
  const Report wrong = model::explore({}, [] { mutual_exclusion(false); });
  ASSERT_TRUE(wrong.failure);
  EXPECT_EQ(wrong.failure->kind, Failure::Kind::race);
}

TEST(explorer, finds_a_deadlock_of_two_locks) {
  const Report report = model::explore({}, [] {
    Atomic<int> first{0};
    Atomic<int> second{0};
    const auto take = [](Atomic<int>& lock) {
      model::wait_until([&lock] { return lock.load(MemoryOrder::acquire) == 0; });
      lock.store(1, MemoryOrder::relaxed);
    };
    model::Thread a = model::spawn("a", [&] {
      take(first);
      take(second);
      second.store(0, MemoryOrder::release);
      first.store(0, MemoryOrder::release);
    });
    model::Thread b = model::spawn("b", [&] {
      take(second);
      take(first);
      first.store(0, MemoryOrder::release);
      second.store(0, MemoryOrder::release);
    });
    a.join();
    b.join();
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::deadlock);
}

TEST(explorer, a_spinner_nobody_can_release_is_a_deadlock) {
  const Report report = model::explore({}, [] {
    Atomic<int> flag{0};
    while (flag.load(MemoryOrder::relaxed) == 0) {
      spin_pause();
    }
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::deadlock);
}

TEST(explorer, a_loop_that_does_not_pause_is_a_livelock) {
  const Report report = model::explore({.max_steps = 100}, [] {
    Atomic<int> flag{0};
    while (flag.load(MemoryOrder::relaxed) == 0) {
    }
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::livelock);
}

TEST(explorer, a_spinner_waits_for_the_write_and_the_search_ends) {
  const Report report = model::explore(unreduced, [] {
    Atomic<int> flag{0};
    Plain<int> data{0};
    model::Thread setter = model::spawn("setter", [&] {
      data = 1;
      flag.store(1, MemoryOrder::release);
    });
    while (flag.load(MemoryOrder::acquire) == 0) {
      spin_pause();
    }
    model::check(data == 1, "what came before the flag is seen");
    setter.join();
  });
  EXPECT_FALSE(report.failure) << report;
  EXPECT_TRUE(report.complete);
}

TEST(explorer, finds_a_thread_that_nobody_joins) {
  const Report report = model::explore({}, [] { (void)model::spawn("orphan", [] {}); });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::unjoined);
}

TEST(explorer, notices_a_model_that_is_not_deterministic) {
  int run = 0;
  const Report report = model::explore(unreduced, [&run] {
    const bool third = ++run > 1;
    Atomic<int> cell{0};
    const auto add = [&cell] { cell.fetch_add(1); };
    model::Thread a = model::spawn("a", add);
    model::Thread b = model::spawn("b", add);
    model::Thread c = model::spawn("c", [&add, third] {
      if (third) {
        add();
      }
    });
    a.join();
    b.join();
    c.join();
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::nondeterminism);
}

TEST(explorer, reports_what_a_thread_throws) {
  const Report report = model::explore({}, [] {
    model::Thread thrower = model::spawn("thrower", [] { throw std::runtime_error("no room"); });
    thrower.join();
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->kind, Failure::Kind::check);
  EXPECT_NE(report.failure->message.find("thrower threw: no room"), std::string::npos);
}

TEST(ExplorerDeathTest, ends_the_process_where_it_is_used_outside_of_a_scenario_or_inside_another) {
  EXPECT_DEATH(model::check(false, "nothing"), "outside of explore");
  EXPECT_DEATH(model::explore({}, [] { model::explore({}, [] {}); }), "inside a scenario");
}

TEST(explorer, random_and_pct_run_as_often_as_asked_and_repeat_by_seed) {
  for (const Mode mode : {Mode::random, Mode::pct}) {
    const Report report =
        model::explore({.mode = mode, .seed = 5, .runs = 300}, [] { mutual_exclusion(true); });
    EXPECT_FALSE(report.failure) << report;
    EXPECT_EQ(report.executions, 300U);
    EXPECT_FALSE(report.complete);
    const Report first = model::explore({.mode = mode, .seed = 9}, lost_update);
    const Report second = model::explore({.mode = mode, .seed = 9}, lost_update);
    ASSERT_TRUE(first.failure && second.failure);
    EXPECT_EQ(first.failure->replay, second.failure->replay);
    EXPECT_EQ(first.executions, second.executions);
  }
}

TEST(explorer, runs_every_one_of_the_interleavings_of_ten_steps_against_ten) {
  const auto begin = std::chrono::steady_clock::now();
  const Report report = count_interleavings(unreduced, 10, 2, true);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(report.executions, 184'756U);
  std::cout << report << " in " << took.count() << " s\n";
}

}  // namespace
}  // namespace rota
