// The fork-join work with oneTBB's task groups, in an arena of as many threads as asked for.

#include "../../raw/fork_work.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <array>

namespace {

using namespace rota::bench;
using oneapi::tbb::task_group;

long fib(int n) {
  if (n < 2) return n;
  long low = 0;
  task_group group;
  group.run([&low, n] { low = fib(n - 1); });
  const long high = fib(n - 2);
  group.wait();
  return low + high;
}

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long share = leaves / kSkynetWidth;
  std::array<long, kSkynetWidth> sums{};
  task_group group;
  for (long i = 0; i < kSkynetWidth; ++i) {
    long& sum = sums[static_cast<std::size_t>(i)];
    group.run([&sum, first, i, share] { sum = skynet(first + i * share, share); });
  }
  group.wait();
  long total = 0;
  for (const long sum : sums) total += sum;
  return total;
}

long queens(int rows, const Board& board) {
  if (rows == kQueens) return 1;
  std::array<long, kQueens> sums{};
  task_group group;
  Board next = board;
  for (int column = 0; column < kQueens; ++column) {
    next[static_cast<std::size_t>(rows)] = static_cast<char>(column);
    if (!is_safe(next, rows + 1)) continue;
    long& sum = sums[static_cast<std::size_t>(column)];
    group.run([&sum, rows, next] { sum = queens(rows + 1, next); });
  }
  group.wait();
  long total = 0;
  for (const long sum : sums) total += sum;
  return total;
}

}  // namespace

int main(int count, char** words) {
  const int threads = threads_of(count, words);
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                          static_cast<std::size_t>(threads));
  oneapi::tbb::task_arena arena(threads);
  arena.execute([threads] {
    measure_forks("fib", threads, kFibForks, kFibIs, [] { return fib(kFib); });
    measure_forks("skynet", threads, kSkynetForks, kSkynetIs,
                  [] { return skynet(0, kSkynetLeaves); });
    measure_forks("queens", threads, kQueensForks, kQueensIs, [] { return queens(0, Board{}); });
  });
}
