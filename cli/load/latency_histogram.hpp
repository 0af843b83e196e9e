#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rota::cli {

/// Counts of latencies in log-linear buckets: every power of two is split into 32 equal parts, so
/// a reported percentile is at most 1/32 above the true one. Fixed size, no allocation, one
/// increment per record. One thread.
class LatencyHistogram {
 public:
  void record(std::uint64_t latency_ns) noexcept {
    counts_[bucket_of(latency_ns)] += 1;
    total_ += 1;
    max_ns_ = std::max(max_ns_, latency_ns);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_ns_; }

  /// The smallest bucket edge that at least `share` of the records lie at or below; 0 when empty.
  [[nodiscard]] std::uint64_t percentile_ns(double share) const noexcept {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        return std::min(upper_edge_of(bucket), max_ns_);
      }
    }
    return max_ns_;
  }

  void clear() noexcept { *this = LatencyHistogram{}; }

 private:
  static constexpr unsigned sub_bits = 5;
  static constexpr std::uint64_t sub_count = std::uint64_t{1} << sub_bits;
  static constexpr std::size_t bucket_count = (64 - sub_bits + 1) * sub_count;

  /// Values below 32 have a bucket each. Above, `shift` drops all but the leading six bits.
  static std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < sub_count) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bits;
    return (shift + 1) * sub_count + ((value >> shift) - sub_count);
  }

  static std::uint64_t upper_edge_of(std::size_t bucket) noexcept {
    if (bucket < sub_count) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / sub_count) - 1;
    const std::uint64_t lower = (sub_count + bucket % sub_count) << shift;
    return lower + ((std::uint64_t{1} << shift) - 1);
  }

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace rota::cli
