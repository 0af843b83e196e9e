// Coroutines that yield values, and that wait between them.
#include <array>
#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "shape.hpp"
#include "task.hpp"
#include "tracked.hpp"
#include "yields.hpp"

namespace canary {
namespace {

// A stream as the library's: asked by a task, resumed and left by symmetric transfer.
class Stream {
 public:
  class Leave {
   public:
    Leave() noexcept {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
      return frame.promise().asking;
    }
    void await_resume() const noexcept {}
  };
  struct promise_type {
    std::coroutine_handle<> asking = std::noop_coroutine();
    std::optional<Tracked> value;
    std::exception_ptr error;

    Stream get_return_object() { return Stream(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Leave final_suspend() const noexcept { return Leave(); }
    template <class U>
    Leave yield_value(U&& next) {
      value.emplace(std::forward<U>(next));
      return Leave();
    }
    void return_void() const noexcept {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  class Next {
   public:
    explicit Next(Handle frame) noexcept : frame_(frame) {}
    bool await_ready() const noexcept { return frame_.done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> asking) noexcept {
      frame_.promise().asking = asking;
      return frame_;
    }
    std::optional<Tracked> await_resume() {
      promise_type& promise = frame_.promise();
      if (promise.error) std::rethrow_exception(std::exchange(promise.error, nullptr));
      return std::exchange(promise.value, std::nullopt);
    }

   private:
    Handle frame_;
  };

  Stream(Stream&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (frame_) frame_.destroy();
  }
  Next next() noexcept { return Next(frame_); }

 private:
  explicit Stream(Handle frame) noexcept : frame_(frame) {}
  Handle frame_;
};

Stream of_temporaries(int count) {
  for (int i = 1; i <= count; ++i) co_yield Tracked(i);
}
Stream of_locals(int count) {
  const Tracked held(0);
  for (int i = 1; i <= count; ++i) {
    Tracked local(i + held.number());
    co_yield local;
  }
}
Stream with_waits(int count) {
  const Tracked held(1);
  for (int i = 1; i <= count; ++i) {
    auto got = co_await Later<int>(i);
    co_yield Tracked(got * held.number());
    co_await Pause();
  }
}
Stream that_throws() {
  const Tracked held(1);
  co_yield held;
  co_await Pause();
  throw std::runtime_error("wanted");
}

Task<int> sum_of(Stream stream) {
  int sum = 0;
  for (;;) {
    auto value = co_await stream.next();
    if (!value) break;
    sum += value->number();
  }
  co_return sum;
}

Task<int> yields_temporaries() {
  auto sum = co_await sum_of(of_temporaries(4));
  co_return sum;
}
Task<int> yields_locals() {
  auto sum = co_await sum_of(of_locals(4));
  co_return sum;
}
Task<int> waits_between_yields() {
  auto sum = co_await sum_of(with_waits(4));
  co_return sum;
}
Task<int> dropped_at_a_yield() {
  auto stream = with_waits(4);
  auto first = co_await stream.next();
  auto second = co_await stream.next();
  co_return first->number() + second->number();
}
Task<int> throws_after_a_yield() {
  auto stream = that_throws();
  auto first = co_await stream.next();
  int caught = 0;
  try {
    auto second = co_await stream.next();
    caught = second ? 0 : 1;
  } catch (const std::runtime_error&) {
    caught = 4;
  }
  co_return caught + first->number();
}

constexpr std::array shapes{
    Shape{"generator: co_yield of a temporary", yields<yields_temporaries, 10>},
    Shape{"generator: co_yield of a local", yields<yields_locals, 10>},
    Shape{"generator: co_await between co_yields", yields<waits_between_yields, 10>},
    Shape{"generator: destruction at a co_yield", yields<dropped_at_a_yield, 3>},
    Shape{"generator: an exception after a co_yield", yields<throws_after_a_yield, 5>},
};

}  // namespace

std::span<const Shape> generator_shapes() { return shapes; }

}  // namespace canary
