#pragma once

#include <rota/core/log_linear.hpp>

#include "core/counter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace rota::inline v0 {

/// How often spans of time of which length were seen: each is known to one part in eight, up to
/// 73 minutes, and longer ones count as that. 2.5 KiB; a record is two loads and a store. One
/// thread at a time records, as into a Counter; any thread reads, by a HistogramSum.
class Histogram {
 public:
  using Buckets = LogLinear<3, 42>;

  void record(std::uint64_t ns, std::uint64_t times = 1) noexcept {
    counts_[Buckets::bucket_of(std::min(ns, Buckets::greatest))] += times;
    if (ns > max_ns_) max_ns_ += ns - max_ns_;
  }
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_ns_; }

 private:
  friend class HistogramSum;

  std::array<Counter, Buckets::buckets> counts_;
  Counter max_ns_;
};

/// What several histograms hold together, at the moment at which each was added. One thread.
class HistogramSum {
 public:
  void add(const Histogram& histogram) noexcept {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      const std::uint64_t count = histogram.counts_[bucket];
      counts_[bucket] += count;
      total_ += count;
    }
    max_ns_ = std::max(max_ns_, histogram.max_ns());
  }
  void add(const HistogramSum& other) noexcept {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      counts_[bucket] += other.counts_[bucket];
    }
    total_ += other.total_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_ns_; }
  /// At most one eighth above the true one; 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t percentile_ns(double share) const noexcept {
    return Histogram::Buckets::percentile(counts_, total_, max_ns_, share);
  }

 private:
  std::array<std::uint64_t, Histogram::Buckets::buckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace rota::inline v0
