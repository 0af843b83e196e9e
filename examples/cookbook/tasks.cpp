// Answers of docs/cookbook.md about tasks and time.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [retry]
/// `attempt()` returns a Task of a Result. The last error, when all have failed.
template <class Attempt>
std::invoke_result_t<Attempt&> with_retries(Attempt attempt, int tries) {
  rota::Duration pause = 1ms;
  for (;;) {
    auto result = co_await attempt();
    tries -= 1;
    if (result || tries == 0 || rota::is_canceled(result.error())) co_return result;
    auto paused = co_await rota::sleep(pause);
    if (!paused) co_return std::unexpected(paused.error());
    pause = pause * 2;
  }
}
// [/retry]

// [every]
rota::Task<void> every(rota::Duration period, std::function<void()> work) {
  rota::Interval ticks(period);  // does not drift; what comes late is skipped
  for (;;) {
    auto due = co_await ticks.tick();
    if (!due) co_return;  // stopped
    work();
  }
}
// [/every]

// [at_a_time]
rota::Task<rota::Result<void>> wait_until(std::chrono::system_clock::time_point moment) {
  auto rung = co_await rota::alarm(moment);  // by the wall clock, whatever is done to it meanwhile
  co_return rung;
}
// [/at_a_time]

// [gather]
rota::Task<int> square(int of) {
  auto thought = co_await rota::sleep(1ms);
  co_return thought ? of* of : 0;
}

rota::Task<std::vector<int>> squares(int count) {
  std::vector<rota::Task<int>> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(square(i));
  auto values = co_await rota::join_all(std::move(tasks));  // all at once, in their order
  co_return values;
}
// [/gather]

// [catch]
rota::Task<void> throw_one() {
  co_await rota::yield();
  throw std::runtime_error("broken");
}

rota::Task<std::string> what_went_wrong() {
  auto task = rota::spawn(throw_one());
  auto ended = co_await task.join();
  try {
    std::move(ended).value();  // rethrows what left the task
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "nothing";
}
// [/catch]

// [callback]
/// Stands for a library that calls back, on a thread of its own.
void fetch_with_callback(std::function<void(int)> done) {
  std::thread([done = std::move(done)] { done(42); }).detach();
}

rota::Task<int> fetch() {
  auto ends = rota::make_oneshot<int>();
  // std::function wants what can be copied, and a sender cannot.
  auto sender = std::make_shared<rota::OneshotSender<int>>(std::move(ends.sender));
  fetch_with_callback([sender](int value) { sender->send(value); });
  auto value = co_await ends.receiver.receive();
  co_return value.value_or(0);  // broken_pipe: it never called back
}
// [/callback]

// [once]
class Database {
 public:
  rota::Task<rota::Result<int>> ask() {
    auto connect = [this] { return connect_now(); };
    auto ready = co_await connected_.call(connect);  // the first caller connects, the others wait
    if (!ready) co_return std::unexpected(ready.error());
    co_return connections_;
  }

 private:
  rota::Task<rota::Result<void>> connect_now() {
    auto connected = co_await rota::sleep(1ms);
    if (connected) connections_ += 1;
    co_return connected;
  }

  rota::Once connected_;
  int connections_ = 0;
};
// [/once]

// [generator]
rota::Generator<int> fibonacci(int below) {
  for (int a = 0, b = 1; a < below; b += std::exchange(a, b)) co_yield a;
}

int sum_of_even(int below) {
  int sum = 0;
  for (const int number : fibonacci(below)) sum += number % 2 == 0 ? number : 0;
  return sum;
}
// [/generator]

// [clean_up]
/// Calls `release()`, a Task, when `work` has ended, has thrown or was stopped.
template <class T, class Release>
rota::Task<T> with_release(rota::Task<T> work, Release release) {
  std::optional<T> result;
  std::exception_ptr error;
  try {
    auto value = co_await std::move(work);
    result.emplace(std::move(value));
  } catch (...) {
    error = std::current_exception();  // there is no co_await in a handler
  }
  co_await rota::shielded(release());
  if (error) std::rethrow_exception(error);
  co_return std::move(*result);
}
// [/clean_up]

// [thread_pool]
rota::Task<std::uint64_t> count_primes(int below) {  // seconds of work: on another thread
  auto work = [below] {
    std::uint64_t primes = 0;
    for (int n = 2; n < below; ++n) {
      bool is_prime = true;
      for (int d = 2; d * d <= n && is_prime; ++d) is_prime = n % d != 0;
      primes += is_prime ? 1 : 0;
    }
    return primes;
  };
  auto primes = co_await rota::blocking(work);
  co_return primes.value_or(0);
}
// [/thread_pool]

rota::Task<void> all() {
  int attempts = 0;
  auto fail_twice = [&attempts]() -> rota::Task<rota::Result<int>> {
    attempts += 1;
    if (attempts < 3) co_return rota::failure(ECONNREFUSED);
    co_return attempts;
  };
  auto third = co_await with_retries(fail_twice, 5);
  expect(third && *third == 3, "retries");

  int ticks = 0;
  auto ticking = rota::spawn(every(1ms, [&ticks] { ticks += 1; }));
  auto paused = co_await rota::sleep(20ms);
  ticking.request_stop();
  auto ended = co_await ticking.join();
  expect(paused && ended && ticks > 0, "an interval");

  auto rung = co_await wait_until(std::chrono::system_clock::now() + 1ms);
  expect(rung.has_value(), "an alarm");
  auto values = co_await squares(4);
  expect(values == std::vector<int>({0, 1, 4, 9}), "all results");
  auto said = co_await what_went_wrong();
  expect(said == "broken", "an exception");
  auto fetched = co_await fetch();
  expect(fetched == 42, "a callback");

  Database database;
  auto both = co_await rota::join_all(database.ask(), database.ask());
  expect(std::get<0>(both) == 1 && std::get<1>(both) == 1, "once");
  expect(sum_of_even(100) == 44, "a generator");

  bool released = false;
  auto release = [&released]() -> rota::Task<void> {
    co_await rota::yield();
    released = true;
  };
  auto nine = co_await with_release(square(3), release);
  expect(nine == 9 && released, "a release");
  auto primes = co_await count_primes(1000);
  expect(primes == 168, "work on another thread");
}

int main() { return rota::run(all()); }
