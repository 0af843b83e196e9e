// What docs/concepts says of tasks, fibers, scopes, stops, time and long tasks.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <array>
#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [task]
rota::Task<int> half(int of) {
  if (of % 2 != 0) throw std::invalid_argument("odd");
  co_return of / 2;
}

rota::Task<int> quarter(int of) {
  auto first = co_await half(of);  // runs it as a part of this task
  auto second = co_await half(first);
  co_return second;
}
// [/task]

// [spawn]
rota::Task<int> two_at_once() {
  auto first = rota::spawn(half(10), rota::SpawnOptions("half of ten"));
  auto second = rota::spawn(half(20));
  auto one = co_await first.join();
  auto other = co_await second.join();
  co_return std::move(one).value() + std::move(other).value();
}
// [/spawn]

// [fiber]
int sum_of_halves(std::span<const int> numbers) {  // a plain function, at any depth of calls
  int sum = 0;
  for (const int number : numbers) sum += rota::await(half(number));
  return sum;
}

rota::Task<int> on_a_stack_of_its_own() {
  const std::array<int, 3> numbers{2, 4, 6};
  auto body = [&numbers] { return sum_of_halves(numbers); };
  auto fiber = rota::spawn_fiber(body);
  auto ended = co_await fiber.join();
  co_return std::move(ended).value();
}
// [/fiber]

// [scope]
rota::Task<void> fill(int& into, int value) {
  auto slept = co_await rota::sleep(1ms);
  if (slept) into = value;
}

rota::Task<int> fill_all() {
  std::vector<int> values(3);
  auto body = [&](rota::Scope& scope) -> rota::Task<void> {
    for (int& value : values) scope.spawn(fill(value, 5));
    co_return;
  };
  co_await rota::with_scope(body);  // until all three have ended
  co_return values[0] + values[1] + values[2];
}
// [/scope]

// [scope_errors]
rota::Task<void> fail_after(rota::Duration pause) {
  auto slept = co_await rota::sleep(pause);
  if (slept) throw std::runtime_error("broken");
}

rota::Task<bool> first_error_stops_the_others() {
  auto body = [](rota::Scope& scope) -> rota::Task<void> {
    scope.spawn(fail_after(1ms));
    scope.spawn(fail_after(1h));  // is stopped, and waited for
    co_return;
  };
  try {
    co_await rota::with_scope(body);
  } catch (const std::runtime_error&) {
    co_return true;
  }
  co_return false;
}
// [/scope_errors]

// [stop]
rota::Task<int> count_until_told() {
  int rounds = 0;
  while (!rota::stop_requested()) {
    auto slept = co_await rota::sleep(1ms);
    if (!slept) break;  // operation_canceled
    rounds += 1;
  }
  co_return rounds;
}

rota::Task<int> tell_it() {
  auto counting = rota::spawn(count_until_told());
  auto slept = co_await rota::sleep(20ms);
  counting.request_stop();
  auto ended = co_await counting.join();  // in its own time, by an ordinary return
  co_return slept ? std::move(ended).value() : 0;
}
// [/stop]

// [stop_source]
rota::Task<rota::Result<void>> nap() {
  auto slept = co_await rota::sleep(1h);
  co_return slept;
}

rota::Task<bool> stop_by_a_source() {
  rota::StopSource source;  // of any thread, for any number of tasks
  auto napping = rota::spawn(rota::with_stop(source.token(), nap()));
  source.request_stop();
  auto ended = co_await napping.join();
  auto slept = std::move(ended).value();
  co_return !slept && rota::is_canceled(slept.error());
}
// [/stop_source]

// [shield]
rota::Task<void> save(int& saved) {
  auto written = co_await rota::sleep(1ms);  // stands for a write
  if (written) saved += 1;
}

rota::Task<void> work_and_save(int& saved) {
  auto worked = co_await rota::sleep(1h);             // a stop ends this wait
  if (!worked) co_await rota::shielded(save(saved));  // and not this one
}
// [/shield]

rota::Task<int> stop_what_saves() {
  int saved = 0;
  auto working = rota::spawn(work_and_save(saved));
  co_await rota::yield();
  working.request_stop();
  auto ended = co_await working.join();
  co_return ended ? saved : -1;
}

// [limits]
rota::Task<bool> too_late() {
  rota::Event never;
  auto waited = co_await rota::timeout(2ms, never.wait());  // a wait: costs a timer
  auto napped = co_await rota::timeout(2ms, nap());         // a task: is stopped and awaited
  const rota::Instant due = rota::now() + 2ms;              // one limit for several waits
  auto first = co_await rota::with_deadline(due, never.wait());
  auto second = co_await rota::with_deadline(due, never.wait());
  co_return waited.error() == std::errc::timed_out&& napped.error() ==
      std::errc::timed_out&& first.error() == std::errc::timed_out&& second.error() ==
      std::errc::timed_out;
}
// [/limits]

// [interval]
rota::Task<int> tick_three_times() {
  rota::Interval every(2ms);
  int ticks = 0;
  while (ticks < 3) {
    auto due = co_await every.tick();  // yields when it was due
    if (!due) break;
    ticks += 1;
  }
  co_return ticks;
}
// [/interval]

// [pieces]
rota::Task<long> sum_in_pieces(std::span<const int> numbers) {
  constexpr std::size_t piece = 4096;  // some microseconds
  long sum = 0;
  while (!numbers.empty() && !rota::stop_requested()) {
    const auto now = numbers.first(numbers.size() < piece ? numbers.size() : piece);
    for (const int number : now) sum += number;
    numbers = numbers.subspan(now.size());
    co_await rota::yield();  // the others first
  }
  co_return sum;
}
// [/pieces]

rota::Task<void> all() {
  auto quartered = co_await quarter(8);
  expect(quartered == 2, "a task awaits another");
  auto sum = co_await two_at_once();
  expect(sum == 15, "two tasks at once");
  auto halves = co_await on_a_stack_of_its_own();
  expect(halves == 6, "a fiber");
  auto filled = co_await fill_all();
  expect(filled == 15, "a scope");
  auto stopped = co_await first_error_stops_the_others();
  expect(stopped, "the first error of a scope");
  auto rounds = co_await tell_it();
  expect(rounds > 0, "a stop");
  auto by_source = co_await stop_by_a_source();
  expect(by_source, "a stop by a source");
  auto saved = co_await stop_what_saves();
  expect(saved == 1, "a shield");
  auto late = co_await too_late();
  expect(late, "limits");
  auto ticks = co_await tick_three_times();
  expect(ticks == 3, "an interval");
  const std::vector<int> ones(10'000, 1);
  auto total = co_await sum_in_pieces(ones);
  expect(total == 10'000, "a long task in pieces");
}

int main() { return rota::run(all()); }
