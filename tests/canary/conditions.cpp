// Awaits in conditions. g++ 12 loses the frame when the function's outermost block declares
// nothing, so most shapes come twice: bare, and with a local.
#include <array>

#include "shape.hpp"
#include "task.hpp"
#include "yields.hpp"

namespace canary {
namespace {

Task<int> later(int value) {
  co_await Pause();
  co_return value;
}

Task<int> if_bare() {
  if (co_await later(1) == 1) co_return 5;
  co_return 6;
}

Task<int> if_with_local() {
  const int wanted = 1;
  if (co_await later(1) == wanted) co_return 5;
  co_return 6;
}

Task<int> if_of_leaf_bare() {
  if (co_await Later<bool>(true)) co_return 5;
  co_return 6;
}

Task<int> if_with_initialiser() {
  if (auto got = co_await later(1); got == 1) co_return 5;
  co_return 6;
}

Task<int> if_inside_try_bare() {
  try {
    if (co_await later(1) == 1) co_return 5;
  } catch (...) {
    co_return 7;
  }
  co_return 6;
}

int steps_left = 0;

Task<int> next_step() {
  co_await Pause();
  co_return --steps_left;
}

Task<int> while_bare() {
  while (co_await next_step() > 0) {
  }
  co_return steps_left;
}

Task<int> while_with_local() {
  int rounds = 0;
  while (co_await next_step() > 0) ++rounds;
  co_return rounds;
}

Task<int> for_bare() {
  for (steps_left = 4; co_await next_step() > 0;) {
  }
  co_return steps_left;
}

Task<int> do_while_bare() {
  do {
  } while (co_await next_step() > 0);
  co_return steps_left;
}

Task<int> switch_bare() {
  switch (co_await later(2)) {
    case 1: co_return 4;
    case 2: co_return 5;
    default: co_return 6;
  }
}

Task<int> switch_with_local() {
  auto got = co_await later(2);
  switch (got) {
    case 1: co_return 4;
    case 2: co_return 5;
    default: co_return 6;
  }
}

Task<int> both_sides_of_and() {
  const bool both = co_await later(1) == 1 && co_await later(2) == 2;
  co_return both ? 5 : 6;
}

Task<int> short_circuit() {
  const bool either = co_await later(1) == 1 || co_await later(2) == 3;
  co_return either ? 5 : 6;
}

template <auto coroutine, int wanted>
bool counts() {
  steps_left = 4;
  return yields<coroutine, wanted>();
}

constexpr std::array shapes{
    Shape{"condition: if, no local outside", yields<if_bare, 5>, Outcome::wrong},
    Shape{"condition: if, a local outside", yields<if_with_local, 5>},
    Shape{"condition: if on a leaf, no local outside", yields<if_of_leaf_bare, 5>, Outcome::wrong},
    Shape{"condition: if with an initialiser", yields<if_with_initialiser, 5>},
    Shape{"condition: if inside try, no local outside", yields<if_inside_try_bare, 5>,
          Outcome::wrong},
    Shape{"condition: while, no local outside", counts<while_bare, 0>, Outcome::wrong},
    Shape{"condition: while, a local outside", counts<while_with_local, 3>},
    Shape{"condition: for, no local outside", counts<for_bare, 0>, Outcome::wrong},
    Shape{"condition: do while, no local outside", counts<do_while_bare, 0>, Outcome::wrong},
    Shape{"condition: switch, no local outside", yields<switch_bare, 5>, Outcome::wrong},
    Shape{"condition: switch on a named result", yields<switch_with_local, 5>},
    Shape{"condition: both sides of &&", yields<both_sides_of_and, 5>},
    Shape{"condition: || stops early", yields<short_circuit, 5>},
};

}  // namespace

std::span<const Shape> condition_shapes() { return shapes; }

}  // namespace canary
