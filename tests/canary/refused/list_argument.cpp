// refused by g++ 12: array used as initializer
#include <vector>

#include "../task.hpp"

canary::Task<int> sum_of(std::vector<int> numbers) {
  co_await canary::Pause();
  co_return numbers[0] + numbers[1];
}

// A list in braces as the argument of an awaited call. Name the vector first.
canary::Task<int> sum() {
  auto got = co_await sum_of({1, 2});
  co_return got;
}

int main() {
  auto task = sum();
  return canary::finishes(task) && task.result() == 3 ? 0 : 1;
}
