#pragma once
#include <span>
#include <string_view>

namespace canary {

enum class Outcome { right, wrong, crash };

// One way to write a coroutine, and what each compiler is known to make of it at every level of
// optimisation. `runs_right` runs in a process of its own.
struct Shape {
  std::string_view name;
  bool (*runs_right)();
  Outcome with_gcc = Outcome::right;    // g++ 12
  Outcome with_clang = Outcome::right;  // clang 19
};

// One list per file of shapes.
std::span<const Shape> documented_shapes();
std::span<const Shape> argument_shapes();
std::span<const Shape> condition_shapes();
std::span<const Shape> expression_shapes();
std::span<const Shape> frame_shapes();
std::span<const Shape> generator_shapes();

}  // namespace canary
