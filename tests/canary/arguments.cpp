// What may stand in the argument list of an awaited call.
#include <array>
#include <functional>
#include <memory>
#include <string>

#include "shape.hpp"
#include "task.hpp"
#include "tracked.hpp"
#include "yields.hpp"

namespace canary {
namespace {

struct Options {
  Tracked first;
  int second;
};

Task<int> by_value(Options options) {
  co_await Pause();
  co_return options.first.number() + options.second;
}
Task<int> by_reference(const Options& options) {
  co_await Pause();
  co_return options.first.number() + options.second;
}
Task<int> number_of(Tracked tracked) {
  co_await Pause();
  co_return tracked.number();
}
Task<int> number_of_reference(const Tracked& tracked) {
  co_await Pause();
  co_return tracked.number();
}
Task<int> length_of(const std::string& text) {
  co_await Pause();
  co_return static_cast<int>(text.size());
}
Task<int> number_of_pointer(std::unique_ptr<Tracked> tracked) {
  co_await Pause();
  co_return tracked->number();
}
template <class Function>
Task<int> call(Function function) {
  co_await Pause();
  co_return function();
}
Task<int> call_stored(std::function<int()> function) {
  co_await Pause();
  co_return function();
}

Task<int> aggregate_temporary() {
  const int bias = 0;
  auto got = co_await by_value(Options{Tracked(1), 2});
  co_return got + bias;
}

Task<int> aggregate_braces() {
  const int bias = 0;
  auto got = co_await by_value({Tracked(1), 2});
  co_return got + bias;
}

Task<int> aggregate_designated() {
  const int bias = 0;
  auto got = co_await by_value({.first = Tracked(1), .second = 2});
  co_return got + bias;
}

Task<int> aggregate_by_reference() {
  const int bias = 0;
  auto got = co_await by_reference(Options{Tracked(1), 2});
  co_return got + bias;
}

Task<int> aggregate_named() {
  Options options{Tracked(1), 2};
  auto got = co_await by_value(std::move(options));
  co_return got;
}

Task<int> class_temporary_by_value() {
  auto got = co_await number_of(Tracked(3));
  co_return got;
}

Task<int> class_temporary_by_reference() {
  auto got = co_await number_of_reference(Tracked(3));
  co_return got;
}

Task<int> string_temporary_by_reference() {
  auto got = co_await length_of("a text too long to stand inside the string object itself");
  co_return got;
}

Task<int> move_only_argument() {
  auto got = co_await number_of_pointer(std::make_unique<Tracked>(3));
  co_return got;
}

Task<int> nested_awaits() {
  auto got = co_await number_of(Tracked(co_await number_of(Tracked(3))));
  co_return got;
}

Task<int> capturing_lambda_temporary() {
  const Tracked held(3);
  auto got = co_await call([held] { return held.number(); });
  co_return got;
}

Task<int> capturing_lambda_named() {
  const Tracked held(3);
  auto function = [held] { return held.number(); };
  auto got = co_await call(function);
  co_return got;
}

Task<int> capturing_lambda_named_task() {
  const Tracked held(3);
  auto task = call([held] { return held.number(); });
  auto got = co_await task;
  co_return got;
}

Task<int> reference_lambda_temporary() {
  const Tracked held(3);
  auto got = co_await call([&] { return held.number(); });
  co_return got;
}

Task<int> stored_function_temporary() {
  const Tracked held(3);
  auto got = co_await call_stored(std::function<int()>([held] { return held.number(); }));
  co_return got;
}

Task<int> lambda_coroutine_called_at_once() {
  const Tracked held(3);
  auto got = co_await [](const Tracked& tracked) -> Task<int> {
    co_await Pause();
    co_return tracked.number();
  }(held);
  co_return got;
}

struct AggregateAwaiter {
  Tracked tracked;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> frame) { ready.push_back(frame); }
  int await_resume() const { return tracked.number(); }
};

Task<int> aggregate_awaiter() {
  const int bias = 0;
  auto got = co_await AggregateAwaiter{Tracked(3)};
  co_return got + bias;
}

constexpr std::array shapes{
    Shape{"argument: aggregate temporary", yields<aggregate_temporary, 3>, Outcome::wrong},
    Shape{"argument: aggregate in braces", yields<aggregate_braces, 3>, Outcome::wrong},
    Shape{"argument: aggregate with designators", yields<aggregate_designated, 3>, Outcome::wrong},
    Shape{"argument: aggregate bound to a reference", yields<aggregate_by_reference, 3>,
          Outcome::wrong},
    Shape{"argument: aggregate made before", yields<aggregate_named, 3>},
    Shape{"argument: class temporary by value", yields<class_temporary_by_value, 3>},
    Shape{"argument: class temporary by reference", yields<class_temporary_by_reference, 3>},
    Shape{"argument: string temporary by reference", yields<string_temporary_by_reference, 56>},
    Shape{"argument: move-only temporary", yields<move_only_argument, 3>},
    Shape{"argument: an await within an await", yields<nested_awaits, 3>},
    Shape{"argument: lambda with a copy, temporary", yields<capturing_lambda_temporary, 3>,
          Outcome::wrong},
    Shape{"argument: lambda with a copy, named", yields<capturing_lambda_named, 3>},
    Shape{"argument: lambda with a copy, named task", yields<capturing_lambda_named_task, 3>},
    Shape{"argument: lambda by reference, temporary", yields<reference_lambda_temporary, 3>},
    Shape{"argument: std::function temporary", yields<stored_function_temporary, 3>,
          Outcome::wrong},
    Shape{"argument: lambda coroutine called at once", yields<lambda_coroutine_called_at_once, 3>},
    Shape{"awaiter: an aggregate", yields<aggregate_awaiter, 3>, Outcome::wrong},
};

}  // namespace

std::span<const Shape> argument_shapes() { return shapes; }

}  // namespace canary
