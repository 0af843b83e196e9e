// Log-linear histograms against sorted values.

#include "observe/histogram.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rota {
namespace {

using Buckets = Histogram::Buckets;

/// Values of every size up to the greatest that is told apart.
std::vector<std::uint64_t> values_of_every_size(std::size_t count) {
  Random random(7);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.next() >> (22 + i % 42));
  return values;
}

std::uint64_t true_percentile(const std::vector<std::uint64_t>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

TEST(HistogramTest, percentiles_are_at_most_an_eighth_above_the_true_ones) {
  auto values = values_of_every_size(10'000);
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  std::ranges::sort(values);
  HistogramSum sum;
  sum.add(histogram);
  EXPECT_EQ(sum.count(), values.size());
  EXPECT_EQ(sum.max_ns(), values.back());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const std::uint64_t exact = true_percentile(values, share);
    EXPECT_GE(sum.percentile_ns(share), exact) << share;
    EXPECT_LE(sum.percentile_ns(share), exact + exact / 8) << share;
  }
}

TEST(HistogramTest, buckets_follow_each_other_without_a_gap) {
  for (std::size_t bucket = 0; bucket < Buckets::buckets; ++bucket) {
    const std::uint64_t edge = Buckets::upper_edge_of(bucket);
    EXPECT_EQ(Buckets::bucket_of(edge), bucket);
    if (bucket + 1 < Buckets::buckets) {
      EXPECT_EQ(Buckets::bucket_of(edge + 1), bucket + 1);
    }
  }
  EXPECT_EQ(Buckets::upper_edge_of(Buckets::buckets - 1), Buckets::greatest);
}

TEST(HistogramTest, a_span_that_is_longer_than_the_last_bucket_is_counted_there) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  HistogramSum sum;
  sum.add(histogram);
  EXPECT_EQ(sum.count(), 1u);
  EXPECT_EQ(sum.max_ns(), ~std::uint64_t{0});
  EXPECT_EQ(sum.percentile_ns(0.5), Buckets::greatest);
}

TEST(HistogramTest, a_value_may_count_for_several) {
  Histogram histogram;
  histogram.record(3, 99);
  histogram.record(5, 1);
  HistogramSum sum;
  sum.add(histogram);
  EXPECT_EQ(sum.count(), 100u);
  EXPECT_EQ(sum.percentile_ns(0.99), 3u);
  EXPECT_EQ(sum.percentile_ns(0.999), 5u);
}

TEST(HistogramTest, sums_of_parts_are_the_sum_of_the_whole) {
  const auto values = values_of_every_size(1000);
  Histogram whole;
  Histogram parts[3];
  for (std::size_t i = 0; i < values.size(); ++i) {
    whole.record(values[i]);
    parts[i % 3].record(values[i]);
  }
  HistogramSum expected;
  expected.add(whole);
  HistogramSum of_two;
  of_two.add(parts[0]);
  of_two.add(parts[1]);
  HistogramSum sum;
  sum.add(parts[2]);
  sum.add(of_two);
  EXPECT_EQ(sum.count(), expected.count());
  EXPECT_EQ(sum.max_ns(), expected.max_ns());
  for (const double share : {0.0, 0.3, 0.5, 0.99}) {
    EXPECT_EQ(sum.percentile_ns(share), expected.percentile_ns(share));
  }
}

TEST(HistogramTest, an_empty_one_has_no_percentile) {
  HistogramSum sum;
  sum.add(Histogram());
  EXPECT_EQ(sum.count(), 0u);
  EXPECT_EQ(sum.percentile_ns(0.99), 0u);
}

}  // namespace
}  // namespace rota
