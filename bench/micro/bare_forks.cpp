// What do the coroutines of a fork cost by themselves, and what would frames on a stack save?
//
// fib of forking functions that nobody can steal from, with nothing that is not on the way of every
// fork: frames from a list of free ones or from a stack, a deque that is pushed to and taken from
// with its fence, and the jumps from frame to frame. No errors, no stop, no misuse, no thieves.
// Rounds alternate; the least and the median of them are printed.
#include <rota/core/work_deque.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace {

constexpr int kFib = 30;
constexpr long kFibIs = 832'040;
constexpr double kForks = 1'346'268;
constexpr int rounds = 31;

constexpr std::size_t kStackBytes = std::size_t{1} << 20;
alignas(64) std::array<std::byte, kStackBytes> memory;
thread_local std::byte* unused = memory.data();

/// Only the newest frame is ever freed.
struct FromStack {
  static constexpr const char* name = "frames on a stack";
  [[gnu::noinline]] static void* allocate(std::size_t bytes) noexcept {
    std::byte* frame = unused;
    unused += (bytes + 15) / 16 * 16;
    if (unused > memory.data() + kStackBytes) std::abort();
    return frame;
  }
  [[gnu::noinline]] static void free(void* frame, std::size_t) noexcept {
    unused = static_cast<std::byte*>(frame);
  }
};

/// Any frame may be freed, in any order.
struct FromLists {
  static constexpr const char* name = "frames from lists of free ones";
  struct Block {
    Block* next;
  };
  static inline thread_local std::array<Block*, 64> lists{};

  [[gnu::noinline]] static void* allocate(std::size_t bytes) noexcept {
    Block*& list = lists[(bytes + 15) / 16];
    if (list == nullptr) return FromStack::allocate(bytes);
    Block* block = list;
    list = block->next;
    return block;
  }
  [[gnu::noinline]] static void free(void* frame, std::size_t bytes) noexcept {
    Block*& list = lists[(bytes + 15) / 16];
    auto* block = static_cast<Block*>(frame);
    block->next = list;
    list = block;
  }
};

struct Frame {
  Frame* parent = nullptr;  // null: the root
  bool forked = false;
  long* result = nullptr;

  void return_value(long value) const noexcept { *result = value; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

std::coroutine_handle<Frame> handle_of(Frame& frame) {
  return std::coroutine_handle<Frame>::from_promise(frame);
}

rota::WorkDeque<Frame> deque;

[[gnu::noinline]] std::coroutine_handle<> begin_fork(Frame& parent, Frame& child) noexcept {
  child.parent = &parent;
  child.forked = true;
  deque.push(parent);
  return handle_of(child);
}

[[gnu::noinline]] std::coroutine_handle<> end_fork(Frame& ended) noexcept {
  if (!ended.forked) {
    if (ended.parent == nullptr) return std::noop_coroutine();
    return handle_of(*ended.parent);
  }
  handle_of(ended).destroy();
  return handle_of(*deque.take());
}

template <class Memory>
struct Function {
  struct promise_type : Frame {
    struct End {
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        return end_fork(ended.promise());
      }
      void await_resume() const noexcept {}
    };

    static void* operator new(std::size_t bytes) noexcept { return Memory::allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
      Memory::free(frame, bytes);
    }
    static Function get_return_object_on_allocation_failure() noexcept { return {}; }
    Function get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] End final_suspend() const noexcept { return {}; }
  };
  using Handle = std::coroutine_handle<promise_type>;

  struct Forked {
    Handle child;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] std::coroutine_handle<> await_suspend(Handle parent) const noexcept {
      return begin_fork(parent.promise(), child.promise());
    }
    void await_resume() const noexcept {}
  };

  struct Called {
    Handle child;
    long result = 0;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    Handle await_suspend(Handle parent) noexcept {
      child.promise().result = &result;
      child.promise().parent = &parent.promise();
      return child;
    }
    [[nodiscard]] long await_resume() const noexcept {
      child.destroy();
      return result;
    }
  };

  Handle frame;
};

template <class Memory>
Function<Memory> fib(int n) {
  if (n < 2) co_return n;
  long low = 0;
  auto beside = fib<Memory>(n - 1).frame;
  beside.promise().result = &low;
  co_await typename Function<Memory>::Forked{beside};
  const long high = co_await typename Function<Memory>::Called{fib<Memory>(n - 2).frame};
  co_return low + high;
}

template <class Memory>
double ns_per_fork() {
  const auto begin = std::chrono::steady_clock::now();
  auto frame = fib<Memory>(kFib).frame;
  long result = 0;
  frame.promise().result = &result;
  frame.resume();
  frame.destroy();
  if (result != kFibIs) std::abort();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / kForks;
}

void print(const char* what, std::vector<double>& ns) {
  std::ranges::sort(ns);
  std::printf("  %-32s %6.1f %6.1f\n", what, ns.front(), ns[ns.size() / 2]);
}

}  // namespace

int main() {
  std::vector<double> from_stack;
  std::vector<double> from_lists;
  for (int round = 0; round < rounds; ++round) {
    from_stack.push_back(ns_per_fork<FromStack>());
    from_lists.push_back(ns_per_fork<FromLists>());
  }
  std::printf("fib(%d), ns per fork, least and median of %d rounds\n", kFib, rounds);
  print(FromStack::name, from_stack);
  print(FromLists::name, from_lists);
}
