// Forking functions: what they compute, who runs them, and what goes on beside them.

#include "task/fork_fixture.hpp"
#include "task/suite.hpp"

#include <rota/core/atomic.hpp>
#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace rota::testing_tasks {
namespace {

constexpr Workers kTwoThieves{"stealing_2", SchedulerKind::stealing, 2};
constexpr Workers kManyThieves{"stealing_8", SchedulerKind::stealing, 8};

std::string name_of_workers(const testing::TestParamInfo<Workers>& workers) {
  return workers.param.name;
}

INSTANTIATE_TEST_SUITE_P(Schedulers, ForkTest,
                         testing::Values(Workers{"single", SchedulerKind::single, 1},
                                         Workers{"per_core_2", SchedulerKind::per_core, 2},
                                         Workers{"stealing_1", SchedulerKind::stealing, 1},
                                         kTwoThieves, kManyThieves),
                         name_of_workers);
INSTANTIATE_TEST_SUITE_P(Schedulers, ForkBesideThievesTest,
                         testing::Values(kTwoThieves, kManyThieves), name_of_workers);

Fork<long> fib(int n) {
  if (n < 2) co_return n;
  long low = 0;
  co_await rota::fork(low, fib, n - 1);
  long high = co_await fib(n - 2);
  co_await rota::join();
  co_return low + high;
}

TEST_P(ForkTest, forks_and_calls_compute_what_a_recursion_does) {
  EXPECT_EQ(run(run_forks(fib(25))), 75025);
}

/// As plain as an int, but for copies.
class Ticket {
 public:
  Ticket() = default;
  explicit Ticket(int number) : number_(number) {}
  Ticket(Ticket&&) = default;
  Ticket& operator=(Ticket&&) = default;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class WithoutDefault {
 public:
  explicit WithoutDefault(int number) : number_(number) {}
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

template <class T>
Fork<T> made_of(int number) {
  co_return T(number);
}

Fork<std::unique_ptr<int>> allocated(int number) { co_return std::make_unique<int>(number); }

template <class T>
Fork<int> sum_of_two() {
  T one(0);
  co_await rota::fork(one, made_of<T>, 1);
  T two = co_await made_of<T>(2);
  co_await rota::join();
  co_return one.number() + two.number();
}

Fork<int> sum_of_two_allocated() {
  std::unique_ptr<int> one;
  co_await rota::fork(one, allocated, 1);
  std::unique_ptr<int> two = co_await allocated(2);
  co_await rota::join();
  co_return *one + *two;
}

TEST_P(ForkTest, a_result_needs_neither_a_copy_nor_a_default) {
  EXPECT_EQ(run(run_forks(sum_of_two<Ticket>())), 3);
  EXPECT_EQ(run(run_forks(sum_of_two<WithoutDefault>())), 3);
  EXPECT_EQ(run(run_forks(sum_of_two_allocated())), 3);
}

using Board = std::array<int, 8>;

bool is_safe(const Board& board, std::size_t rows) {
  const int last = board[rows - 1];
  for (std::size_t row = 0; row + 1 < rows; ++row) {
    const int distance = static_cast<int>(rows - 1 - row);
    const int apart = board[row] - last;
    if (apart == 0 || apart == distance || apart == -distance) return false;
  }
  return true;
}

Fork<int> queens(std::size_t rows, Board board) {
  if (rows == board.size()) co_return 1;
  std::array<int, 8> sums{};
  for (std::size_t column = 0; column < board.size(); ++column) {
    board[rows] = static_cast<int>(column);
    if (is_safe(board, rows + 1)) co_await rota::fork(sums[column], queens, rows + 1, board);
  }
  co_await rota::join();
  co_return std::accumulate(sums.begin(), sums.end(), 0);
}

TEST_P(ForkTest, a_loop_of_forks_joins_all_of_them) {
  EXPECT_EQ(run(run_forks(queens(0, Board{}))), 92);
}

Task<long> sum_of_a_million() {
  auto value = [](int i) { return long{i}; };
  auto plus = [](long a, long b) { return a + b; };
  Result<long> sum = co_await parallel_reduce(0, 1'000'000, 0L, value, plus);
  co_return sum.value();
}

TEST_P(ForkTest, a_reduction_covers_its_range) {
  EXPECT_EQ(run(sum_of_a_million()), 499'999'500'000);
}

Task<std::string> letters(int count) {
  auto letter = [](int i) { return std::string(1, static_cast<char>('a' + i % 26)); };
  auto append = [](std::string a, const std::string& b) { return std::move(a) + b; };
  Result<std::string> text = co_await parallel_reduce(0, count, std::string(), letter, append);
  co_return text.value();
}

TEST_P(ForkTest, a_reduction_keeps_the_order) {
  const std::string text = run(letters(3000));
  ASSERT_EQ(text.size(), 3000u);
  for (std::size_t i = 0; i < text.size(); ++i) ASSERT_EQ(text[i], static_cast<char>('a' + i % 26));
}

Task<void> visit(std::vector<int>& visits, int first, int last) {
  auto body = [&visits](int i) { visits[static_cast<std::size_t>(i)] += 1; };
  Result<void> done = co_await parallel_for(first, last, body);
  EXPECT_TRUE(done.has_value());
}

TEST_P(ForkTest, parallel_for_visits_each_index_once_and_no_other) {
  std::vector<int> visits(100'000);
  run(visit(visits, 1, 99'999));
  EXPECT_EQ(visits.front(), 0);
  EXPECT_EQ(visits.back(), 0);
  for (std::size_t i = 1; i + 1 < visits.size(); ++i) ASSERT_EQ(visits[i], 1) << i;
  run(visit(visits, 5, 5));
  run(visit(visits, 6, 5));
  EXPECT_EQ(std::accumulate(visits.begin(), visits.end(), 0), 99'998);
}

Fork<void> wait_for(Atomic<bool>& flag) {
  while (!flag.load(MemoryOrder::acquire)) std::this_thread::yield();
  co_return;
}

Fork<void> meet_a_thief() {
  Atomic<bool> flag{false};
  co_await rota::fork(wait_for, flag);
  flag.store(true, MemoryOrder::release);
  co_await rota::join();
}

TEST_P(ForkBesideThievesTest, an_idle_worker_is_roused_and_steals_the_rest_of_a_function) {
  for (int i = 0; i < 20; ++i) run(run_forks(meet_a_thief()));
}

Fork<int> go_down(int depth) {
  if (depth == 0) co_return 0;
  int below = 0;
  if (depth % 2 == 0) {
    co_await rota::fork(below, go_down, depth - 1);
    co_await rota::join();
  } else {
    below = co_await go_down(depth - 1);
  }
  co_return below + 1;
}

TEST_P(ForkTest, a_deep_recursion_needs_no_stack) {
  const auto depth = static_cast<int>(rounds(1'000'000));
  EXPECT_EQ(run(run_forks(go_down(depth))), depth);
}

/// What goes on beside the computation, and how far it is.
struct Beside {
  Atomic<int> ticks{0};
  Atomic<int> echoes{0};
  Atomic<bool> done{false};
};

Task<void> tick(Beside& beside) {
  while (!beside.done.load()) {
    Result<void> slept = co_await sleep(std::chrono::microseconds(100));
    EXPECT_TRUE(slept.has_value());
    beside.ticks.fetch_add(1);
  }
}

Task<void> echo(TcpListener& listener) {
  Result<TcpStream> stream = co_await listener.accept();
  std::array<std::byte, 16> buffer{};
  for (;;) {
    Result<std::size_t> count = co_await stream->read(buffer);
    if (count.value_or(0) == 0) co_return;
    Result<void> written = co_await stream->write_all(std::span(buffer).first(*count));
    EXPECT_TRUE(written.has_value());
  }
}

Task<void> send_and_receive(Address address, Beside& beside) {
  Result<TcpStream> stream = co_await TcpStream::connect(address);
  std::array<std::byte, 16> buffer{};
  while (!beside.done.load()) {
    Result<void> written = co_await stream->write_all(buffer);
    EXPECT_TRUE(written.has_value());
    std::size_t got = 0;
    while (got < buffer.size()) {
      Result<std::size_t> count = co_await stream->read(std::span(buffer).subspan(got));
      EXPECT_GT(count.value_or(0), 0u);
      got += count.value_or(buffer.size());
    }
    beside.echoes.fetch_add(1);
  }
}

Task<void> compute(Beside& beside) {
  while (beside.ticks.load() < 5 || beside.echoes.load() < 20) {
    long result = co_await fib(14);
    EXPECT_EQ(result, 377);
  }
  beside.done.store(true);
}

Task<void> compute_beside_traffic() {
  Beside beside;
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  auto body = [&](Scope& scope) -> Task<void> {
    scope.spawn(echo(*listener));
    scope.spawn(send_and_receive(listener->local_address().value(), beside));
    scope.spawn(tick(beside));
    for (int i = 0; i < 4; ++i) scope.spawn(compute(beside));
    co_return;
  };
  co_await with_scope(body);
}

TEST_P(ForkTest, timers_and_sockets_go_on_between_computations_of_one_runtime) {
  run(compute_beside_traffic());
}

Task<long> compute_in_a_fiber() {
  auto body = [] { return await(fib(15)); };
  return on_fiber(body);
}

TEST_P(ForkTest, a_fiber_awaits_a_forking_function) { EXPECT_EQ(run(compute_in_a_fiber()), 610); }

Fork<void> note(int& begun) {
  begun += 1;
  co_return;
}

TEST_P(ForkTest, a_function_that_is_never_awaited_never_runs) {
  int begun = 0;
  {
    const Fork<void> dropped = note(begun);
  }
  EXPECT_EQ(begun, 0);
}

}  // namespace
}  // namespace rota::testing_tasks
