#pragma once

// The work of the fork-join benchmarks, as Cilk and libfork measure it: what is forked does next to
// nothing, so that the time is that of the forks.

#include "measure.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace rota::bench {

constexpr int kFib = 37;
constexpr long kFibIs = 24157817;
constexpr std::uint64_t kFibForks = 39088168;  // one per call that is not a leaf

constexpr int kSkynetWidth = 10;
constexpr long kSkynetLeaves = 1'000'000;
constexpr long kSkynetIs = kSkynetLeaves * (kSkynetLeaves - 1) / 2;
constexpr std::uint64_t kSkynetForks = 1'111'110;

constexpr int kQueens = 13;
constexpr long kQueensIs = 73712;
constexpr std::uint64_t kQueensForks = 4'674'889;  // boards with one more queen in place

/// The column of the queen in each row so far.
using Board = std::array<char, kQueens>;

/// Whether the queen in the last of `rows` is safe from those above her.
inline bool is_safe(const Board& board, int rows) {
  const int last = board[static_cast<std::size_t>(rows - 1)];
  for (int row = 0; row < rows - 1; ++row) {
    const int column = board[static_cast<std::size_t>(row)];
    const int distance = rows - 1 - row;
    if (column == last || column == last - distance || column == last + distance) return false;
  }
  return true;
}

/// A number that the compiler does not know.
template <class Number>
Number opaque(Number number) noexcept {
  asm volatile("" : "+r"(number));
  return number;
}

/// Measures the second of two runs. The figure is NAME_THREADS.
template <class Work>
void measure_forks(const char* name, int threads, std::uint64_t forks, long expected, Work work) {
  const std::string figure = std::string(name) + "_" + std::to_string(threads);
  if (work() != expected) std::abort();
  const ProcessSpan span;
  if (work() != expected) std::abort();
  span.report(figure.c_str(), forks);
}

}  // namespace rota::bench
