#pragma once
#include "task.hpp"
#include "tracked.hpp"

namespace canary {

// A shape that is a coroutine without arguments: right when it comes to its end with the number
// wanted and every tracked value was destroyed exactly once.
template <auto coroutine, int wanted>
bool yields() {
  {
    auto task = coroutine();
    if (!finishes(task) || task.result() != wanted) return false;
  }
  return Tracked::balanced();
}

}  // namespace canary
