// The shapes that the README, the documentation and the examples show. Each must be right under
// both compilers: a program that a newcomer copies must work with Debian's own g++ too.
#include <array>
#include <expected>
#include <list>
#include <span>
#include <system_error>
#include <vector>

#include "shape.hpp"
#include "task.hpp"
#include "tracked.hpp"
#include "yields.hpp"

namespace canary {
namespace {

template <class T>
using Result = std::expected<T, std::error_code>;

// A peer that sends three messages and then closes.
class Peer {
 public:
  explicit Peer(int messages) : tracked_(messages), messages_(messages) {}
  Later<Result<std::size_t>> read(std::span<char> to) {
    const std::size_t size = messages_-- > 0 ? to.size() : 0;
    return Later<Result<std::size_t>>(size);
  }
  Later<Result<std::size_t>> write_all(std::span<const char> from) {
    written += from.size();
    return Later<Result<std::size_t>>(from.size());
  }
  static inline std::size_t written = 0;

 private:
  Tracked tracked_;
  int messages_;
};

// A listener that gives a peer, fails once, gives another one and then is stopped.
class Listener {
 public:
  Task<Result<Peer>> accept() {
    co_await Pause();
    const int call = calls_++;
    if (call == 0 || call == 2) co_return Peer(3);
    const auto error = call == 1 ? std::errc::too_many_files_open : std::errc::operation_canceled;
    co_return std::unexpected(std::make_error_code(error));
  }

 private:
  int calls_ = 0;
};

// A wait under a limit: it refers to the wait that it was made of, a temporary of the expression
// that awaits both.
template <class T>
class Limited {
 public:
  class Awaiter {
   public:
    explicit Awaiter(Later<T>& wait) noexcept : wait_(wait) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) { wait_.await_suspend(frame); }
    T await_resume() { return wait_.await_resume(); }

   private:
    Later<T>& wait_;
  };

  explicit Limited(Later<T>& wait) noexcept : wait_(wait) {}
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  Awaiter operator co_await() && noexcept { return Awaiter(wait_); }

 private:
  Later<T>& wait_;
};

template <class T>
Limited<T> timeout(int, Later<T>&& wait) {
  return Limited<T>(wait);
}

class Scope {
 public:
  void spawn(Task<void> child) {
    children_.push_back(std::move(child));
    children_.back().start();
  }
  Task<void> join() {
    for (Task<void>& child : children_) {
      while (!child.done()) co_await Pause();
    }
  }

 private:
  std::list<Task<void>> children_;
};

template <class Function>
Task<Result<int>> with_scope(Function& body) {
  Scope scope;
  auto result = co_await body(scope);
  co_await scope.join();
  co_return result;
}

template <class Function>
Task<Result<int>> with_scope_by_value(Function body) {
  auto result = co_await with_scope(body);
  co_return result;
}

Task<void> echo(Peer peer) {
  std::array<char, 64> bytes{};
  for (;;) {
    auto got = co_await peer.read(bytes);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(bytes).first(*got));
    if (!sent) co_return;
  }
}

bool echo_reads_until_the_peer_closes() {
  {
    auto task = echo(Peer(3));
    if (!finishes(task)) return false;
  }
  return Peer::written == 3 * 64 && Tracked::balanced();
}

Task<Result<int>> checked(int value) {
  co_await Pause();
  if (value < 0) co_return std::unexpected(std::make_error_code(std::errc::invalid_argument));
  co_return value;
}

Task<void> serve(Listener& listener, Scope& scope) {
  for (;;) {
    auto peer = co_await listener.accept();
    if (peer) {
      scope.spawn(echo(std::move(*peer)));
      continue;
    }
    if (peer.error() == std::errc::operation_canceled) co_return;
    auto paused = co_await checked(100);
    if (!paused) co_return;
  }
}

bool accept_loop_spawns_a_task_per_peer() {
  {
    Listener listener;
    Scope scope;
    auto task = serve(listener, scope);
    if (!finishes(task)) return false;
  }
  return Peer::written == 2 * 3 * 64 && Tracked::balanced();
}

Task<int> scope_without_captures() {
  auto body = [](Scope& scope) -> Task<Result<int>> {
    scope.spawn(echo(Peer(1)));
    co_await Pause();
    co_return 7;
  };
  auto result = co_await with_scope(body);
  co_return result.value_or(-1);
}

Task<int> scope_with_references() {
  int total = 0;
  Tracked held(5);
  auto body = [&](Scope& scope) -> Task<Result<int>> {
    scope.spawn(echo(Peer(1)));
    total += held.number();
    co_await Pause();
    total += held.number();
    co_return total;
  };
  auto result = co_await with_scope_by_value(body);
  co_return result.value_or(-1);
}

Task<void> sleep(int) { co_await Pause(); }

Task<int> sleeps_between_steps() {
  Tracked held(3);
  co_await sleep(10);
  co_await sleep(20);
  co_return held.number();
}

Task<int> sleeps_first_of_all() {
  co_await sleep(10);
  co_return 4;
}

Task<int> waits_under_a_limit() {
  Tracked held(1);
  auto first = co_await timeout(100, Later<Tracked>(Tracked(2)));
  auto second = co_await timeout(100, Later<Tracked>(Tracked(3)));
  co_return held.number() + first.number() + second.number();
}

Task<int> propagates_an_error() {
  auto first = co_await checked(2);
  if (!first) co_return -1;
  auto second = co_await checked(-2);
  if (second) co_return -2;
  co_return second.error() == std::errc::invalid_argument ? *first : -3;
}

Task<int> catches_a_result_turned_exception() {
  auto failed = co_await checked(-1);
  try {
    co_return failed.value();
  } catch (const std::bad_expected_access<std::error_code>& error) {
    co_return error.error() == std::errc::invalid_argument ? 9 : -1;
  }
}

Task<int> joins_handles_in_order() {
  std::vector<Task<Result<int>>> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back(checked(i));
  int sum = 0;
  for (auto& task : tasks) {
    auto result = co_await task;
    if (!result) co_return -1;
    sum += *result;
  }
  co_return sum;
}

constexpr std::array shapes{
    Shape{"documented: read, test the result, write", echo_reads_until_the_peer_closes},
    Shape{"documented: accept in a loop, spawn per peer, pause after an error",
          accept_loop_spawns_a_task_per_peer},
    Shape{"documented: scope with a named lambda", yields<scope_without_captures, 7>},
    Shape{"documented: scope with a lambda by reference", yields<scope_with_references, 10>},
    Shape{"documented: sleep as a statement", yields<sleeps_between_steps, 3>},
    Shape{"documented: sleep as the first statement", yields<sleeps_first_of_all, 4>},
    Shape{"documented: a wait under a limit, in one expression", yields<waits_under_a_limit, 6>},
    Shape{"documented: test each result", yields<propagates_an_error, 2>},
    Shape{"documented: value() inside try", yields<catches_a_result_turned_exception, 9>},
    Shape{"documented: await tasks of a vector", yields<joins_handles_in_order, 6>},
};

}  // namespace

std::span<const Shape> documented_shapes() { return shapes; }

}  // namespace canary
