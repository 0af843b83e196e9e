#include "inject/program.hpp"

#include <cstddef>
#include <utility>

namespace rota::testing_inject {
namespace {

Task<void> blocking_calls(Findings& findings) {
  auto square = [] { return 7 * 7; };
  auto squared = co_await blocking(square);
  if (findings.took(squared)) expect(*squared == 49, "a blocking call has another result");
}

Task<int> seven() {
  auto slept = co_await sleep(Duration(1'000'000));
  co_return slept ? 7 : 0;
}

Task<void> calls_to_another_worker(Findings&) {
  for (WorkerIndex worker : {WorkerIndex(1), WorkerIndex(0)}) {
    auto calling = submit_to(worker, [] { return seven(); });
    const int result = co_await std::move(calling);
    expect(result == 7, "another worker yields another result");
  }
}

Task<bool> send_some(Channel<int>& channel) {
  for (int i = 0; i < 100; ++i) {
    auto sent = co_await channel.send(i);
    if (!sent) co_return false;
  }
  channel.close();
  co_return true;
}

Task<bool> receive_all(Channel<int>& channel) {
  int sum = 0;
  for (;;) {
    auto value = co_await channel.receive();
    if (!value) break;
    sum += *value;
  }
  expect(sum == 4950, "a channel lost a value");
  co_return true;
}

Task<void> work_that_is_stolen(Findings& findings) {
  Channel<int> channel(4);
  co_await run_both(send_some(channel), receive_all(channel));
  auto one = [](std::size_t each) { return each; };
  auto sum = [](std::size_t a, std::size_t b) { return a + b; };
  auto total =
      co_await parallel_reduce(std::size_t{0}, std::size_t{10'000}, std::size_t{0}, one, sum);
  if (findings.took(total)) expect(*total == 49'995'000, "a reduction lost a value");
}

constexpr Program kPrograms[] = {
    {"blocking_calls", blocking_calls},
    {"calls_to_another_worker", calls_to_another_worker, SchedulerKind::per_core},
    {"work_that_is_stolen", work_that_is_stolen, SchedulerKind::stealing},
};

}  // namespace

std::span<const Program> worker_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject
