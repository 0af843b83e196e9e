// Awaits inside larger expressions.
#include <array>
#include <tuple>
#include <utility>

#include "shape.hpp"
#include "task.hpp"
#include "tracked.hpp"
#include "yields.hpp"

namespace canary {
namespace {

Task<int> later(int value) {
  co_await Pause();
  co_return value;
}
Task<Tracked> tracked_later(int value) {
  co_await Pause();
  co_return Tracked(value);
}
Task<std::pair<Tracked, int>> pair_later() {
  co_await Pause();
  co_return std::pair(Tracked(3), 4);
}
Task<int> sum_of(const Tracked& a, const Tracked& b) {
  co_await Pause();
  co_return a.number() + b.number();
}

struct Pair {
  Tracked first;
  Tracked second;
};

bool yes = true;

Task<int> ternary_of_class() {
  const Tracked got = yes ? co_await tracked_later(3) : Tracked(4);
  co_return got.number();
}

Task<int> ternary_of_class_not_taken() {
  const Tracked got = yes ? Tracked(3) : co_await tracked_later(4);
  co_return got.number();
}

Task<int> ternary_of_int() {
  const int got = yes ? co_await later(3) : 4;
  co_return got;
}

Task<int> ternary_in_argument() {
  const Tracked other(1);
  auto got = co_await sum_of(yes ? Tracked(2) : Tracked(5), other);
  co_return got;
}

Task<Tracked> returned_ternary() {
  const int bias = 0;
  co_return yes ? co_await tracked_later(3 + bias) : Tracked(4);
}

Task<int> ternary_in_return() {
  auto got = co_await returned_ternary();
  co_return got.number();
}

Task<int> if_else_instead_of_ternary() {
  Tracked got(0);
  if (yes) {
    auto taken = co_await tracked_later(3);
    got = taken;
  }
  co_return got.number();
}

Task<int> aggregate_of_awaits() {
  const Pair pair{co_await tracked_later(1), co_await tracked_later(2)};
  co_return pair.first.number() + pair.second.number();
}

Task<int> aggregate_of_named_results() {
  auto first = co_await tracked_later(1);
  auto second = co_await tracked_later(2);
  const Pair pair{std::move(first), std::move(second)};
  co_return pair.first.number() + pair.second.number();
}

Task<int> sum_of_awaits() {
  const int bias = 0;
  co_return co_await later(1) + co_await later(2) + bias;
}

Task<int> structured_binding_of_await() {
  auto [tracked, number] = co_await pair_later();
  co_return tracked.number() + number;
}

Task<int> structured_binding_of_named_result() {
  auto pair = co_await pair_later();
  auto& [tracked, number] = pair;
  co_return tracked.number() + number;
}

Task<int> returned_await() { co_return co_await later(3); }

Task<int> member_of_awaited_temporary() {
  const int bias = 0;
  const int got = (co_await tracked_later(3)).number();
  co_return got + bias;
}

Task<int> reference_to_awaited_temporary() {
  const Tracked& got = co_await tracked_later(3);
  co_await Pause();
  co_return got.number();
}

Task<int> tuple_of_awaits() {
  const int bias = 0;
  const auto got = std::make_tuple(co_await tracked_later(1), co_await tracked_later(2));
  co_return std::get<0>(got).number() + std::get<1>(got).number() + bias;
}

Task<int> loop_over_awaits() {
  int total = 0;
  for (const int value : {co_await later(1), co_await later(2)}) total += value;
  co_return total;
}

constexpr std::array shapes{
    Shape{"expression: ternary of a class, awaited side", yields<ternary_of_class, 3>,
          Outcome::wrong},
    Shape{"expression: ternary of a class, other side", yields<ternary_of_class_not_taken, 3>,
          Outcome::wrong},
    Shape{"expression: ternary of int", yields<ternary_of_int, 3>},
    Shape{"expression: ternary of class as argument", yields<ternary_in_argument, 3>,
          Outcome::wrong},
    Shape{"expression: ternary of a class in co_return", yields<ternary_in_return, 3>,
          Outcome::wrong},
    Shape{"expression: if/else in place of a ternary", yields<if_else_instead_of_ternary, 3>},
    Shape{"expression: aggregate of awaits", yields<aggregate_of_awaits, 3>, Outcome::wrong},
    Shape{"expression: aggregate of named results", yields<aggregate_of_named_results, 3>},
    Shape{"expression: sum of awaits", yields<sum_of_awaits, 3>},
    Shape{"expression: structured binding of an await", yields<structured_binding_of_await, 7>},
    Shape{"expression: binding to a named result", yields<structured_binding_of_named_result, 7>},
    Shape{"expression: co_return co_await", yields<returned_await, 3>},
    Shape{"expression: member of an awaited temporary", yields<member_of_awaited_temporary, 3>},
    Shape{"expression: reference to an awaited value", yields<reference_to_awaited_temporary, 3>},
    Shape{"expression: loop over a list of awaits", yields<loop_over_awaits, 3>},
    Shape{"expression: call with two awaits", yields<tuple_of_awaits, 3>},
};

}  // namespace

std::span<const Shape> expression_shapes() { return shapes; }

}  // namespace canary
