#pragma once

#include <rota/core/log_linear.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace rota::cli {

/// Counts of latencies: a reported percentile is at most 1/32 above the true one. Fixed size, no
/// allocation, one increment per record. One thread.
class LatencyHistogram {
 public:
  void record(std::uint64_t latency_ns) noexcept {
    counts_[Buckets::bucket_of(latency_ns)] += 1;
    total_ += 1;
    max_ns_ = std::max(max_ns_, latency_ns);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_ns_; }

  /// The smallest bucket edge that at least `share` of the records lie at or below; 0 when empty.
  [[nodiscard]] std::uint64_t percentile_ns(double share) const noexcept {
    return Buckets::percentile(counts_, total_, max_ns_, share);
  }

  void clear() noexcept { *this = LatencyHistogram{}; }

 private:
  using Buckets = LogLinear<5>;

  std::array<std::uint64_t, Buckets::buckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace rota::cli
