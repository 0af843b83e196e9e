#include "model/event.hpp"
#include "model/explorer.hpp"

#include <rota/core/atomic.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <random>
#include <set>
#include <vector>

namespace rota {
namespace {

// A random program: three threads of a few operations on two atomics and an event.
struct Operation {
  enum class Kind : std::uint8_t {
    load,
    store,
    add,
    compare_exchange,
    set_event,
    spin_until,
    wait_until,
    fence,
    barrier,
  };
  Kind kind;
  MemoryOrder order;
  std::size_t cell;
  int value;

  [[nodiscard]] MemoryOrder load_order() const {
    return order == MemoryOrder::release || order == MemoryOrder::acq_rel ? MemoryOrder::acquire
                                                                          : order;
  }
  [[nodiscard]] MemoryOrder store_order() const {
    return order == MemoryOrder::acquire || order == MemoryOrder::acq_rel ? MemoryOrder::release
                                                                          : order;
  }
};

using Program = std::array<std::vector<Operation>, 3>;

enum class Orders { any, seq_cst };

Program random_program(std::mt19937& random, Orders orders) {
  constexpr std::array all{MemoryOrder::relaxed, MemoryOrder::acquire, MemoryOrder::release,
                           MemoryOrder::acq_rel, MemoryOrder::seq_cst};
  Program program;
  for (auto& thread : program) {
    const auto length = 1 + random() % 3;
    for (std::size_t i = 0; i < length; ++i) {
      thread.push_back({static_cast<Operation::Kind>(random() % 9),
                        orders == Orders::any ? all[random() % 5] : MemoryOrder::seq_cst,
                        random() % 2, static_cast<int>(1 + random() % 2)});
    }
  }
  return program;
}

// What a run leaves behind: all values that its threads read, and the last values of the cells.
using Outcome = std::array<int, 12>;

int perform(const Operation& operation, std::array<Atomic<int>, 2>& cells, model::Event& event) {
  Atomic<int>& cell = cells[operation.cell];
  switch (operation.kind) {
    case Operation::Kind::load: return cell.load(operation.load_order());
    case Operation::Kind::store: cell.store(operation.value, operation.store_order()); return 0;
    case Operation::Kind::add: return cell.fetch_add(operation.value, operation.order);
    case Operation::Kind::compare_exchange: {
      int expected = operation.value;
      cell.compare_exchange_strong(expected, 0, operation.order);
      return expected;
    }
    case Operation::Kind::set_event: event.set(); return 0;
    case Operation::Kind::spin_until:
      while (cell.load(operation.load_order()) == 0) {
        spin_pause();
      }
      return cell.load(operation.load_order());
    case Operation::Kind::wait_until:
      model::wait_until([&] { return cell.load(operation.load_order()) != 0; });
      return cell.load(operation.load_order());
    case Operation::Kind::fence: fence(operation.order); return 0;
    case Operation::Kind::barrier: model::barrier_everywhere(); return 0;
  }
  return 0;
}

struct Explored {
  std::set<Outcome> found;
  std::uint64_t executions = 0;
  bool complete = false;
};

// Every outcome that the explorer reaches; -1 marks an operation that a blocked thread never ended.
Explored outcomes(const Program& program, const model::Options& options) {
  std::set<Outcome> found;
  const model::Report report = model::explore(options, [&] {
    std::array<Atomic<int>, 2> cells{};
    model::Event event;
    Outcome outcome;
    outcome.fill(-1);
    const auto run = [&](std::size_t t) {
      for (std::size_t i = 0; i < program[t].size(); ++i) {
        outcome[3 * t + i] = perform(program[t][i], cells, event);
      }
    };
    std::array<model::Thread, 3> threads{model::spawn("a", [&run] { run(0); }),
                                         model::spawn("b", [&run] { run(1); }),
                                         model::spawn("c", [&run] { run(2); })};
    for (model::Thread& thread : threads) {
      thread.join();
    }
    outcome[9] = cells[0].load();
    outcome[10] = cells[1].load();
    outcome[11] = event.sets();
    found.insert(outcome);
  });
  if (report.failure) {
    // A spinner that nobody releases ends the exploration at its first execution.
    EXPECT_EQ(report.failure->kind, model::Failure::Kind::deadlock) << report;
    return {{Outcome{}}, report.executions, true};
  }
  return {found, report.executions, report.complete};
}

// A spinner that nobody releases leaves nothing to compare.
bool ends(const Explored& explored) { return !explored.found.contains(Outcome{}); }

TEST(reduction, reaches_every_outcome_of_a_thousand_random_programs) {
  std::mt19937 random(20);
  std::uint64_t reduced_total = 0;
  std::uint64_t all_total = 0;
  int compared = 0;
  for (int i = 0; i < 1'000; ++i) {
    const Program program = random_program(random, Orders::any);
    const Explored reduced = outcomes(program, {});
    const Explored all = outcomes(program, {.reduce = false, .max_executions = 20'000});
    EXPECT_TRUE(!ends(reduced) || std::ranges::includes(reduced.found, all.found))
        << "program " << i;
    if (all.complete) {
      EXPECT_EQ(reduced.found, all.found) << "program " << i;
      EXPECT_LE(reduced.executions, all.executions);
      compared += ends(all) ? 1 : 0;
    }
    reduced_total += reduced.executions;
    all_total += all.executions;
  }
  EXPECT_GT(compared, 400);  // Most programs without a spinner, and some with one, end.
  EXPECT_LT(reduced_total, all_total / 2);
  std::cout << compared << " compared: " << all_total << " executions, " << reduced_total
            << " when reduced\n";
}

// Programs whose operations are all seq_cst cannot tell weak memory from sequential consistency.
TEST(weak_memory, shows_nothing_new_to_a_thousand_random_seq_cst_programs) {
  std::mt19937 random(21);
  int compared = 0;
  for (int i = 0; i < 1'000; ++i) {
    const Program program = random_program(random, Orders::seq_cst);
    const Explored weak = outcomes(program, {});
    EXPECT_EQ(weak.found, outcomes(program, {.values = model::Values::sequential}).found)
        << "program " << i;
    compared += ends(weak) ? 1 : 0;
  }
  EXPECT_GT(compared, 400);
}

}  // namespace
}  // namespace rota
