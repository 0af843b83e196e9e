#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/thread_wait.hpp>

#include "base/futex.hpp"

namespace rota::inline v0 {

ThreadWaiter::ThreadWaiter() noexcept {
  check_usage(
      current_task() == nullptr,
      "wait_in_thread was called inside a task, whose worker it would block: co_await there,"
      " or rota::await in a fiber");
  task = &header_;
  resume = go_on;
}

void ThreadWaiter::sleep() noexcept {
  State seen = State::waits;
  // Acquire on both outcomes: woken before it sleeps.
  if (!state_.compare_exchange_strong(seen, State::sleeps, MemoryOrder::acquire,
                                      MemoryOrder::acquire)) {
    return;
  }
  while (state_.load(MemoryOrder::acquire) != State::woken) {
    futex_sleep(&state_, static_cast<std::uint32_t>(State::sleeps));
  }
}

void ThreadWaiter::go_on(Runnable& self) noexcept {
  auto& thread = static_cast<ThreadWaiter&>(self);
  const void* word = &thread.state_;
  // From the exchange on the thread may be gone, and the waiter with it.
  const State before = thread.state_.exchange(State::woken, MemoryOrder::release);
  if (before == State::sleeps) futex_wake_one(word);
}

}  // namespace rota::inline v0
