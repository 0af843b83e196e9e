// The limits for tasks: what the language's coroutines cost with nothing around them. A runtime
// adds a queue, a handle to join and accounting to the first, and a queue to the second.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "measure.hpp"

namespace {

/// A coroutine that does nothing for its owner but exist: it starts suspended, and its frame comes
/// from malloc. The functions that make one are never inlined: else its frame would be elided into
/// the caller's, and the allocation that is to be measured with it.
class Bare {
 public:
  struct promise_type {
    std::coroutine_handle<> next = std::noop_coroutine();

    static void* operator new(std::size_t bytes) {
      void* memory = std::malloc(bytes);
      if (memory == nullptr) throw std::bad_alloc();
      return memory;
    }
    static void operator delete(void* memory) { std::free(memory); }

    Bare get_return_object() {
      return Bare(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::abort(); }
  };

  explicit Bare(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  Bare(Bare&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  Bare& operator=(Bare&&) = delete;
  ~Bare() {
    if (frame_) frame_.destroy();
  }

  void resume() const { frame_.resume(); }
  [[nodiscard]] std::coroutine_handle<> handle() const { return frame_; }
  void transfer_to(std::coroutine_handle<> next) const { frame_.promise().next = next; }

 private:
  std::coroutine_handle<promise_type> frame_;
};

/// Suspends and goes straight to the coroutine named in the promise.
class Transfer {
 public:
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<Bare::promise_type> from) const noexcept {
    return from.promise().next;
  }
  void await_resume() const noexcept {}
};

[[gnu::noinline]] Bare count_one(std::uint64_t& counter) {
  counter += 1;
  co_return;
}

[[gnu::noinline]] Bare suspend_times(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) co_await std::suspend_always();
}

[[gnu::noinline]] Bare transfer_times(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) co_await Transfer();
}

void check(bool holds) {
  if (!holds) std::abort();
}

void create_run_free() {
  constexpr std::uint64_t rounds = 5'000'000;
  rota::bench::measure("spawn_join", rounds, [] {
    std::uint64_t counter = 0;
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const Bare coroutine = count_one(counter);
      coroutine.resume();
    }
    check(counter == rounds);
  });
}

void resume_suspend() {
  constexpr std::uint64_t rounds = 20'000'000;
  rota::bench::measure("resume_suspend", rounds, [] {
    const Bare coroutine = suspend_times(rounds);
    for (std::uint64_t i = 0; i <= rounds; ++i) coroutine.resume();
    check(coroutine.handle().done());
  });
}

/// `count` coroutines in a ring, each transferring to the next.
void transfer_around(const char* name, std::size_t count) {
  constexpr std::uint64_t transfers = 20'000'000;
  const std::uint64_t rounds = transfers / count;
  rota::bench::measure(name, rounds * count, [=] {
    std::vector<Bare> ring;
    ring.reserve(count);
    for (std::size_t i = 0; i < count; ++i) ring.push_back(transfer_times(rounds));
    for (std::size_t i = 0; i < count; ++i) {
      ring[i].transfer_to(ring[(i + 1) % count].handle());
    }
    // The last one transfers to the first, which by then ends; the others stay suspended.
    ring.front().resume();
    check(ring.front().handle().done());
  });
}

}  // namespace

int main() {
  create_run_free();
  resume_suspend();
  transfer_around("symmetric_transfer_2", 2);
  transfer_around("yield_1000", 1000);
}
