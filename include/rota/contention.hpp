#pragma once

#include <rota/core/build_mark.hpp>

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// One layout of a structure, which two threads use at the same time.
struct ContentionCase {
  std::string structure;  ///< "two counters"
  std::string layout;     ///< "neighbours on one line"
  bool padded = false;    ///< to 128 bytes, as Rota is: its structure's other layouts compare to it
  /// One per round: the median of the windows that count; none where too few of them did.
  std::vector<std::optional<double>> ns_per_operation;
  double counted_share = 0;  ///< of all windows; the others did not overlap
};

/// What `measure_contention` has found.
struct ContentionReport {
  std::string where;                  ///< which CPUs the two threads were pinned to, in words
  std::vector<ContentionCase> cases;  ///< those of one structure are neighbours
};

/// What it costs when two threads write to one cache line: to a shared counter, to counters that
/// are neighbours, and to Rota's own structures with their padding and without.
///
/// The two threads work in windows of about 20 µs: they meet, work, and both stamp their begin and
/// end. Only windows count in which both worked for 80 % of the time; where one waited for a CPU
/// the other met no contention, and the effect would hide. Rounds are interleaved: each runs all
/// cases, and begins with another one.
///
/// Blocks for about 10 ms per case and round, longer on a busy machine. The error is a sentence
/// that says why it cannot be measured here, as with a single CPU.
[[nodiscard]] std::expected<ContentionReport, std::string> measure_contention(unsigned rounds);

}  // namespace rota::inline v0
