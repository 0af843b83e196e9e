#include "cli/load/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace rota::cli {
namespace {

/// What the histogram promises: at least the true one, and at most 1/32 above it.
constexpr std::uint64_t kParts = 32;

std::uint64_t true_percentile(const std::vector<std::uint64_t>& sorted, double share) {
  const double wanted = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[std::max<std::size_t>(static_cast<std::size_t>(wanted), 1) - 1];
}

void expect_agrees_with_sorting(std::vector<std::uint64_t> values) {
  LatencyHistogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  std::ranges::sort(values);
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.max_ns(), values.back());
  for (const double share : {0.0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
    const std::uint64_t exact = true_percentile(values, share);
    const std::uint64_t reported = histogram.percentile_ns(share);
    EXPECT_GE(reported, exact) << share;
    EXPECT_LE(reported - exact, exact / kParts) << share;
  }
}

TEST(LatencyHistogramTest, agrees_with_sorting_over_every_magnitude) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> values(20'000);
  for (std::uint64_t& value : values) value = random() >> (random() % 64);
  expect_agrees_with_sorting(values);
}

TEST(LatencyHistogramTest, agrees_with_sorting_over_latencies_with_a_long_tail) {
  std::mt19937_64 random(2);
  std::exponential_distribution<double> wait_us(0.02);
  std::vector<std::uint64_t> values(20'000);
  for (std::uint64_t& value : values) value = static_cast<std::uint64_t>(1e3 * wait_us(random));
  expect_agrees_with_sorting(values);
}

TEST(LatencyHistogramTest, small_values_are_exact) {
  LatencyHistogram histogram;
  for (std::uint64_t value = 0; value < kParts; ++value) histogram.record(value);
  for (std::uint64_t value = 0; value < kParts; ++value) {
    const double share = static_cast<double>(value + 1) / static_cast<double>(kParts);
    EXPECT_EQ(histogram.percentile_ns(share), value);
  }
}

TEST(LatencyHistogramTest, edges_of_the_powers_of_two_hold_the_promise) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1}) {
      LatencyHistogram histogram;
      histogram.record(value);
      histogram.record(std::numeric_limits<std::uint64_t>::max());  // So the maximum hides nothing.
      const std::uint64_t reported = histogram.percentile_ns(0.5);
      EXPECT_GE(reported, value);
      EXPECT_LE(reported - value, value / kParts);
    }
  }
}

TEST(LatencyHistogramTest, is_empty_at_first_and_once_cleared) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile_ns(0.99), 0u);
  histogram.record(1'000'000);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0u);
  EXPECT_EQ(histogram.percentile_ns(0.99), 0u);
}

}  // namespace
}  // namespace rota::cli
