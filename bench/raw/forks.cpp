// The fork-join work as plain calls: the limit of one thread.

#include "fork_work.hpp"

namespace {

using namespace rota::bench;

long fib(int n) {
  if (n < 2) return n;
  return fib(n - 1) + fib(n - 2);
}

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long share = leaves / kSkynetWidth;
  long sum = 0;
  for (long i = 0; i < kSkynetWidth; ++i) sum += skynet(first + i * share, share);
  return sum;
}

long queens(int rows, const Board& board) {
  if (rows == kQueens) return 1;
  long sum = 0;
  Board next = board;
  for (int column = 0; column < kQueens; ++column) {
    next[static_cast<std::size_t>(rows)] = static_cast<char>(column);
    if (is_safe(next, rows + 1)) sum += queens(rows + 1, next);
  }
  return sum;
}

}  // namespace

int main() {
  measure_forks("fib", 1, kFibForks, kFibIs, [] { return fib(opaque(kFib)); });
  measure_forks("skynet", 1, kSkynetForks, kSkynetIs,
                [] { return skynet(0, opaque(kSkynetLeaves)); });
  measure_forks("queens", 1, kQueensForks, kQueensIs, [] { return queens(opaque(0), Board{}); });
}
