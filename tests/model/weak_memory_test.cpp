#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/atomic.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace rota {
namespace {

using model::Failure;
using model::Mode;
using model::Plain;
using model::Report;

void publish(MemoryOrder store_order, MemoryOrder load_order) {
  Plain<int> data{0};
  Atomic<int> ready{0};
  model::label(data, "data");
  model::Thread writer = model::spawn("writer", [&, store_order] {
    data = 7;
    ready.store(1, store_order);
  });
  model::Thread reader = model::spawn("reader", [&, load_order] {
    if (ready.load(load_order) == 1) {
      model::check(data == 7, "what was published is seen");
    }
  });
  writer.join();
  reader.join();
}

TEST(weak_memory, finds_the_race_of_a_relaxed_publish) {
  constexpr auto relaxed = MemoryOrder::relaxed;
  constexpr auto acquire = MemoryOrder::acquire;
  constexpr auto release = MemoryOrder::release;
  EXPECT_FALSE(model::explore({}, [] { publish(release, acquire); }).failure);
  for (const auto& [store, load] : {std::pair{relaxed, acquire}, std::pair{release, relaxed}}) {
    const Report report = model::explore({}, [=] { publish(store, load); });
    ASSERT_TRUE(report.failure);
    EXPECT_EQ(report.failure->kind, Failure::Kind::race);
    EXPECT_NE(report.failure->message.find("data"), std::string::npos);
  }
}

// The data is atomic, so nothing but its old value shows that it was published too weakly.
void publish_atomic(MemoryOrder store_order, MemoryOrder load_order) {
  Atomic<int> data{0};
  Atomic<int> ready{0};
  model::label(data, "data");
  model::Thread writer = model::spawn("writer", [&, store_order] {
    data.store(7, MemoryOrder::relaxed);
    ready.store(1, store_order);
  });
  if (ready.load(load_order) == 1) {
    model::check(data.load(MemoryOrder::relaxed) == 7, "what was published is seen");
  }
  writer.join();
}

TEST(weak_memory, finds_the_old_value_behind_a_relaxed_publish) {
  constexpr auto relaxed = MemoryOrder::relaxed;
  constexpr auto acquire = MemoryOrder::acquire;
  constexpr auto release = MemoryOrder::release;
  EXPECT_FALSE(model::explore({}, [] { publish_atomic(release, acquire); }).failure);
  for (const auto& [store, load] : {std::pair{relaxed, acquire}, std::pair{release, relaxed}}) {
    const auto scenario = [=] { publish_atomic(store, load); };
    const Report report = model::explore({}, scenario);
    ASSERT_TRUE(report.failure);
    EXPECT_EQ(report.failure->kind, Failure::Kind::check);
    EXPECT_NE(report.failure->trace.find("data.load 0, which 7 replaces"), std::string::npos)
        << report;
    EXPECT_EQ(model::replay({}, scenario, report.failure->replay).failure->trace,
              report.failure->trace);
    EXPECT_FALSE(model::explore({.values = model::Values::sequential}, scenario).failure);
    EXPECT_FALSE(
        model::explore({.preemptions = 1}, [] { publish_atomic(release, acquire); }).failure);
    EXPECT_TRUE(model::explore({.preemptions = 2}, scenario).failure);
    EXPECT_TRUE(model::explore({.mode = Mode::random}, scenario).failure);
    EXPECT_TRUE(model::explore({.mode = Mode::pct}, scenario).failure);
  }
}

// Dekker's entry: each side announces itself and looks at the other.
void announce_and_look(MemoryOrder order, MemoryOrder between) {
  std::array<Atomic<int>, 2> wants{};
  std::array<bool, 2> enters{};
  const auto enter = [&](std::size_t me) {
    wants[me].store(1, order == MemoryOrder::acq_rel ? MemoryOrder::release : order);
    fence(between);
    enters[me] =
        wants[1 - me].load(order == MemoryOrder::acq_rel ? MemoryOrder::acquire : order) == 0;
  };
  model::Thread a = model::spawn("a", [&enter] { enter(0); });
  model::Thread b = model::spawn("b", [&enter] { enter(1); });
  a.join();
  b.join();
  model::check(!enters[0] || !enters[1], "one of the two sees the other");
}

TEST(weak_memory, finds_store_buffering_where_a_fence_was_dropped) {
  constexpr auto relaxed = MemoryOrder::relaxed;
  constexpr auto acq_rel = MemoryOrder::acq_rel;
  constexpr auto seq_cst = MemoryOrder::seq_cst;
  EXPECT_FALSE(model::explore({}, [] { announce_and_look(seq_cst, relaxed); }).failure);
  EXPECT_FALSE(model::explore({}, [] { announce_and_look(relaxed, seq_cst); }).failure);
  for (const auto& [order, between] :
       {std::pair{relaxed, relaxed}, std::pair{acq_rel, relaxed}, std::pair{acq_rel, acq_rel}}) {
    const Report report = model::explore({}, [=] { announce_and_look(order, between); });
    ASSERT_TRUE(report.failure);
    EXPECT_EQ(report.failure->kind, Failure::Kind::check);
  }
}

TEST(weak_memory, a_pause_shows_a_spinner_what_it_spins_on_and_nothing_else) {
  const auto scenario = [](int& stale_data) {
    Atomic<int> data{0};
    Atomic<int> flag{0};
    model::Thread setter = model::spawn("setter", [&] {
      data.store(1, MemoryOrder::relaxed);
      flag.store(1, MemoryOrder::relaxed);
    });
    int rounds = 0;
    while (flag.load(MemoryOrder::relaxed) == 0) {
      ++rounds;
      spin_pause();
    }
    model::check(rounds <= 2, "one round before the flag is set and one that does not see it");
    stale_data += rounds == 2 && data.load(MemoryOrder::relaxed) == 0 ? 1 : 0;
    setter.join();
  };
  int stale_data = 0;
  const Report report = model::explore({}, [&] { scenario(stale_data); });
  EXPECT_FALSE(report.failure) << report;
  EXPECT_TRUE(report.complete);
  EXPECT_GT(stale_data, 0);
}

TEST(weak_memory, a_wait_may_end_on_an_older_value_for_which_its_predicate_holds) {
  int older = 0;
  const Report report = model::explore({}, [&older] {
    Atomic<int> step{0};
    model::Thread walker = model::spawn("walker", [&] {
      step.store(1, MemoryOrder::relaxed);
      step.store(2, MemoryOrder::relaxed);
    });
    model::wait_until([&] { return step.load(MemoryOrder::relaxed) != 0; });
    const int seen = step.load(MemoryOrder::relaxed);
    model::check(seen != 0, "nothing older than what ended the wait is seen");
    walker.join();
    older += seen == 1 ? 1 : 0;
  });
  EXPECT_FALSE(report.failure) << report;
  EXPECT_TRUE(report.complete);
  EXPECT_GT(older, 0);
}

TEST(weak_memory, finds_what_breaks_when_a_compare_exchange_fails_for_no_reason) {
  const auto scenario = [] {
    Atomic<int> cell{0};
    int expected = 0;
    model::check(cell.compare_exchange_weak(expected, 1), "nobody else writes");
  };
  EXPECT_FALSE(model::explore({}, scenario).failure);
  const Report report = model::explore({.spurious_failures = 1}, scenario);
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(
      model::replay({.spurious_failures = 1}, scenario, report.failure->replay).failure->trace,
      report.failure->trace);
}

// More seq_cst operations than are told apart, between two that must be.
TEST(weak_memory, keeps_the_order_of_seq_cst_operations_through_long_executions) {
  const Report report = model::explore({.mode = Mode::random, .runs = 2'000}, [] {
    std::array<Atomic<int>, 2> wants{};
    Atomic<int> counter{0};
    std::array<bool, 2> enters{};
    const auto enter = [&](std::size_t me) {
      for (int i = 0; i < 50; ++i) {
        counter.fetch_add(1);
      }
      wants[me].store(1);
      enters[me] = wants[1 - me].load() == 0;
    };
    model::Thread a = model::spawn("a", [&enter] { enter(0); });
    model::Thread b = model::spawn("b", [&enter] { enter(1); });
    a.join();
    b.join();
    model::check(counter.load() == 100, "no addition is lost");
    model::check(!enters[0] || !enters[1], "one of the two sees the other");
  });
  EXPECT_FALSE(report.failure) << report;
}

TEST(weak_memory, fences_carry_what_relaxed_accesses_do_not) {
  const auto scenario = [](bool fenced) {
    Plain<int> data{0};
    Atomic<int> ready{0};
    model::Thread writer = model::spawn("writer", [&] {
      data = 7;
      fence(MemoryOrder::release);
      ready.store(1, MemoryOrder::relaxed);
    });
    if (ready.load(MemoryOrder::relaxed) == 1) {
      fence(fenced ? MemoryOrder::acquire : MemoryOrder::release);
      (void)static_cast<int>(data);
    }
    writer.join();
  };
  EXPECT_FALSE(model::explore({}, [&] { scenario(true); }).failure);
  EXPECT_TRUE(model::explore({}, [&] { scenario(false); }).failure);
}

TEST(weak_memory, a_store_ends_a_release_sequence_and_a_read_modify_write_continues_it) {
  const auto scenario = [](bool modifies) {
    Plain<int> data{0};
    Atomic<int> step{0};
    model::Thread writer = model::spawn("writer", [&] {
      data = 7;
      step.store(1, MemoryOrder::release);
    });
    model::Thread relay = model::spawn("relay", [&, modifies] {
      if (step.load(MemoryOrder::relaxed) != 1) {
        return;
      }
      if (modifies) {
        step.fetch_add(1, MemoryOrder::relaxed);
      } else {
        step.store(2, MemoryOrder::relaxed);
      }
    });
    if (step.load(MemoryOrder::acquire) == 2) {
      (void)static_cast<int>(data);
    }
    writer.join();
    relay.join();
  };
  EXPECT_FALSE(model::explore({}, [&] { scenario(true); }).failure);
  EXPECT_TRUE(model::explore({}, [&] { scenario(false); }).failure);
}

}  // namespace
}  // namespace rota
