// refused by g++ 12: array used as initializer
#include <vector>

#include "../task.hpp"

// A list in braces whose elements are awaited. Await into named locals instead.
canary::Task<int> sum() {
  const std::vector<int> both{co_await canary::Later<int>(1), co_await canary::Later<int>(2)};
  co_return both[0] + both[1];
}

int main() {
  auto task = sum();
  return canary::finishes(task) && task.result() == 3 ? 0 : 1;
}
