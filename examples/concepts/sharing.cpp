// What docs/concepts says of channels, locks, threads, select and joins.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [channel]
rota::Task<void> produce(rota::Channel<int>& numbers) {
  for (int i = 1; i <= 10; ++i) {
    auto sent = co_await numbers.send(i);  // waits while it is full
    if (!sent) co_return;
  }
  numbers.close();
}

rota::Task<int> sum(rota::Channel<int>& numbers) {
  int total = 0;
  for (;;) {
    auto number = co_await numbers.receive();
    if (!number) co_return total;  // closed and empty, or stopped
    total += *number;
  }
}
// [/channel]

// [together]
rota::Task<int> produce_and_sum() {
  rota::Channel<int> numbers(2);
  auto both = co_await rota::join_all(produce(numbers), sum(numbers));
  co_return std::get<1>(both);
}
// [/together]

// [thread]
int sum_what_a_thread_sends(rota::Runtime& runtime) {
  rota::Channel<int> numbers(2);
  std::jthread sender([&numbers] {
    for (int i = 1; i <= 10; ++i) {
      auto sent = rota::wait_in_thread(numbers.send(i));
      if (!sent) return;
    }
    numbers.close();
  });
  return runtime.block_on(sum(numbers));
}
// [/thread]

// [mutex]
struct Account {
  rota::Mutex mutex;
  int balance = 100;
};

rota::Task<rota::Result<void>> withdraw(Account& account, int amount) {
  auto guard = co_await account.mutex.lock();
  if (!guard) co_return std::unexpected(guard.error());
  const int before = account.balance;
  auto booked = co_await rota::sleep(1ms);  // others run meanwhile, and none of them is in here
  if (!booked) co_return booked;
  account.balance = before - amount;
  co_return rota::Result<void>();
}
// [/mutex]

// [semaphore]
rota::Task<void> fetch(rota::Semaphore& at_once, int& running, int& most) {
  auto permit = co_await at_once.acquire();
  if (!permit) co_return;
  running += 1;
  most = running > most ? running : most;
  auto fetched = co_await rota::sleep(1ms);
  static_cast<void>(fetched);
  running -= 1;
}
// [/semaphore]

rota::Task<int> fetch_all() {
  rota::Semaphore at_once(3);
  int running = 0;
  int most = 0;
  std::vector<rota::Task<void>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(fetch(at_once, running, most));
  co_await rota::join_all(std::move(tasks));
  co_return most;
}

// [select]
rota::Task<std::string> value_or_silence(rota::Channel<int>& numbers) {
  auto ended = co_await rota::select(numbers.receive(), rota::sleep(5ms));
  // Both may have ended, so each is asked.
  if (auto* number = ended.get_if<0>()) co_return std::to_string(number->value());
  co_return "silence";
}
// [/select]

// [lossy]
rota::Task<rota::Result<void>> send(rota::Channel<int>& to, int value) {
  auto sent = co_await to.send(value);
  co_return sent;
}

rota::Task<bool> is_sent_within(rota::Channel<int>& to, int value, rota::Duration limit) {
  auto sending = rota::spawn(send(to, value));
  auto ended = co_await rota::select(sending.join(), rota::sleep(limit));
  co_return ended.get_if<0>() != nullptr;  // if not, it goes on: no value is lost
}
// [/lossy]

// [race]
rota::Task<rota::Result<int>> ask_mirror(int answer, rota::Duration delay) {
  auto came = co_await rota::sleep(delay);
  if (!came) co_return std::unexpected(came.error());
  if (answer < 0) co_return rota::failure(ECONNREFUSED);
  co_return answer;
}

rota::Task<int> first_answer() {
  std::vector<rota::Task<rota::Result<int>>> mirrors;
  mirrors.push_back(ask_mirror(1, 1h));
  mirrors.push_back(ask_mirror(-1, 1ms));  // fails, which decides nothing
  mirrors.push_back(ask_mirror(3, 5ms));
  auto answers = co_await rota::join_any(std::move(mirrors));
  co_return answers.is_decided() ? *answers.value() : 0;
}
// [/race]

rota::Task<void> all() {
  auto total = co_await produce_and_sum();
  expect(total == 55, "a channel");

  Account account;
  auto both = co_await rota::join_all(withdraw(account, 30), withdraw(account, 20));
  expect(std::get<0>(both) && std::get<1>(both) && account.balance == 50, "a mutex");
  auto most = co_await fetch_all();
  expect(most == 3, "a semaphore");

  rota::Channel<int> numbers(1);
  auto silence = co_await value_or_silence(numbers);
  expect(silence == "silence", "nobody sent");
  auto sent = co_await is_sent_within(numbers, 7, 1h);
  expect(sent, "there was room");
  auto blocked = co_await is_sent_within(numbers, 8, 1ms);
  expect(!blocked, "there was none");
  auto seven = co_await value_or_silence(numbers);
  auto eight = co_await value_or_silence(numbers);
  expect(seven == "7" && eight == "8", "both have come");
  auto answer = co_await first_answer();
  expect(answer == 3, "the first success");
}

int main() {
  auto runtime = rota::Runtime::make().value();
  expect(sum_what_a_thread_sends(runtime) == 55, "a thread at one end");
  return rota::run(all());
}
