// The fork-join work (bench/raw/fork_work.hpp) on Rota's stealing scheduler.

#include <rota/rota.hpp>

#include "../raw/fork_work.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace rota::bench;
using rota::Fork;

Fork<long> fib(int n) {
  if (n < 2) co_return n;
  long low = 0;
  co_await rota::fork(low, fib, n - 1);
  long high = co_await fib(n - 2);
  co_await rota::join();
  co_return low + high;
}

Fork<long> skynet(long first, long leaves) {
  if (leaves == 1) co_return first;
  const long share = leaves / kSkynetWidth;
  std::array<long, kSkynetWidth> sums{};
  for (long i = 0; i < kSkynetWidth; ++i) {
    long& sum = sums[static_cast<std::size_t>(i)];
    co_await rota::fork(sum, skynet, first + i * share, share);
  }
  co_await rota::join();
  long total = 0;
  for (const long sum : sums) total += sum;
  co_return total;
}

Fork<long> queens(int rows, Board board) {
  if (rows == kQueens) co_return 1;
  std::array<long, kQueens> sums{};
  for (int column = 0; column < kQueens; ++column) {
    board[static_cast<std::size_t>(rows)] = static_cast<char>(column);
    if (!is_safe(board, rows + 1)) continue;
    long& sum = sums[static_cast<std::size_t>(column)];
    co_await rota::fork(sum, queens, rows + 1, board);
  }
  co_await rota::join();
  long total = 0;
  for (const long sum : sums) total += sum;
  co_return total;
}

}  // namespace

int main(int count, char** words) {
  const int threads = threads_of(count, words);
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::stealing;
  config.scheduler.workers = static_cast<std::uint32_t>(threads);
  auto runtime = rota::Runtime::make(config);
  if (!runtime) {
    std::fprintf(stderr, "rota_forks: %s\n", runtime.error().message().c_str());
    return EXIT_FAILURE;
  }
  auto run = [&runtime](Fork<long> forks) {
    return runtime->block_on(rota::run_forks(std::move(forks)));
  };
  measure_forks("fib", threads, kFibForks, kFibIs, [&run] { return run(fib(kFib)); });
  measure_forks("skynet", threads, kSkynetForks, kSkynetIs,
                [&run] { return run(skynet(0, kSkynetLeaves)); });
  measure_forks("queens", threads, kQueensForks, kQueensIs,
                [&run] { return run(queens(0, Board{})); });
}
