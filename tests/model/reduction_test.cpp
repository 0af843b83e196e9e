#include "model/event.hpp"
#include "model/explorer.hpp"

#include <rota/core/atomic.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace rota {
namespace {

// A random program: three threads of a few operations on two atomics and an event.
struct Operation {
  enum class Kind : std::uint8_t { load, store, add, compare_exchange, set_event, spin_until };
  Kind kind;
  std::size_t cell;
  int value;
};

using Program = std::array<std::vector<Operation>, 3>;

Program random_program(std::mt19937& random) {
  Program program;
  for (auto& thread : program) {
    const auto length = 1 + random() % 3;
    for (std::size_t i = 0; i < length; ++i) {
      thread.push_back({static_cast<Operation::Kind>(random() % 6), random() % 2,
                        static_cast<int>(1 + random() % 2)});
    }
  }
  return program;
}

// What a run leaves behind: all values that its threads read, and the last values of the cells.
using Outcome = std::array<int, 12>;

int perform(const Operation& operation, std::array<Atomic<int>, 2>& cells, model::Event& event) {
  Atomic<int>& cell = cells[operation.cell];
  switch (operation.kind) {
    case Operation::Kind::load:
      return cell.load();
    case Operation::Kind::store:
      cell.store(operation.value);
      return 0;
    case Operation::Kind::add:
      return cell.fetch_add(operation.value);
    case Operation::Kind::compare_exchange: {
      int expected = operation.value;
      cell.compare_exchange_strong(expected, 0);
      return expected;
    }
    case Operation::Kind::set_event:
      event.set();
      return 0;
    case Operation::Kind::spin_until:
      while (cell.load() == 0) {
        spin_pause();
      }
      return cell.load();
  }
  return 0;
}

// Every outcome that the explorer reaches; -1 marks an operation that a blocked thread never ended.
std::set<Outcome> outcomes(const Program& program, bool reduce, std::uint64_t& executions) {
  std::set<Outcome> found;
  const model::Options options{.reduce = reduce};
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
  executions = report.executions;
  if (report.failure) {
    // A spinner that nobody releases ends the exploration at its first execution.
    EXPECT_EQ(report.failure->kind, model::Failure::Kind::deadlock) << report;
    found = {Outcome{}};
  }
  return found;
}

TEST(reduction, reaches_every_outcome_of_two_hundred_random_programs) {
  std::mt19937 random(20);
  std::uint64_t reduced_total = 0;
  std::uint64_t all_total = 0;
  int compared = 0;
  for (int i = 0; i < 200; ++i) {
    const Program program = random_program(random);
    std::uint64_t reduced = 0;
    std::uint64_t all = 0;
    const std::set<Outcome> with = outcomes(program, true, reduced);
    const std::set<Outcome> without = outcomes(program, false, all);
    EXPECT_EQ(with, without) << "program " << i;
    compared += with.contains(Outcome{}) ? 0 : 1;
    EXPECT_LE(reduced, all);
    reduced_total += reduced;
    all_total += all;
  }
  EXPECT_GT(compared, 60);  // Most programs without a spinner, and some with one, end.
  EXPECT_LT(reduced_total, all_total / 2);
  RecordProperty("executions", static_cast<int>(all_total));
  RecordProperty("reduced_executions", static_cast<int>(reduced_total));
}

}  // namespace
}  // namespace rota
