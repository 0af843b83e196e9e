// A program that is compiled without exceptions and without type information uses the headers and
// the library like any other. Exits with 0 when all went well.

#include <rota/rota.hpp>
#include <rota/stop_bridge.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>

namespace {

using namespace std::chrono_literals;
using rota::Task;

Task<int> five() { co_return 5; }

Task<void> count_down(rota::Latch& latch) {
  latch.count_down();
  co_return;
}

Task<bool> children_end() {
  rota::Latch latch(3);
  auto body = [&latch](rota::Scope& scope) -> Task<void> {
    for (int i = 0; i < 3; ++i) scope.spawn(count_down(latch));
    co_return;
  };
  co_await rota::with_scope(body);
  co_return latch.try_wait();
}

Task<bool> a_timeout_ends_a_wait() {
  rota::Event never;
  auto set = co_await rota::timeout(1ms, never.wait());
  co_return !set && set.error() == std::errc::timed_out;
}

Task<bool> the_first_of_two_ends_the_other() {
  rota::Event never;
  auto both = co_await rota::select(five(), never.wait());
  co_return both.first() == 0 && *both.get_if<0>() == 5;
}

Task<bool> a_task_is_a_sender(rota::Runtime& runtime) {
  auto sent = co_await rota::from_sender(rota::as_sender(runtime, five()));
  auto scheduled = co_await rota::from_sender(rota::scheduler_of(runtime).schedule());
  co_return sent&& scheduled && *sent == 5;
}

Task<bool> all(rota::Runtime& runtime) {
  auto child = rota::spawn(five());
  auto joined = co_await child.join();
  if (!joined) co_return false;
  auto square = [] { return 7 * 7; };
  auto squared = co_await rota::blocking(square);
  if (!squared || *squared != 49) co_return false;
  std::atomic<std::size_t> sum = 0;
  auto add = [&sum](std::size_t each) { sum += each; };
  co_await rota::parallel_for(std::size_t{0}, std::size_t{100}, add);
  if (sum != 4950) co_return false;
  auto ended = children_end();
  const bool children = co_await std::move(ended);
  auto timed = a_timeout_ends_a_wait();
  const bool timeout = co_await std::move(timed);
  auto selected = the_first_of_two_ends_the_other();
  const bool first = co_await std::move(selected);
  auto sent = a_task_is_a_sender(runtime);
  const bool sender = co_await std::move(sent);
  co_return children&& timeout&& first&& sender;
}

}  // namespace

int main() {
  auto runtime = rota::Runtime::make();
  return runtime && runtime->block_on(all(*runtime)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
