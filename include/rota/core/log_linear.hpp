#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// Where values go that are counted by size: every power of two is split into `1 << part_bits`
/// equal buckets, so a value is known to one part in as many, whatever its size. Values have at
/// most `value_bits` bits.
template <unsigned part_bits, unsigned value_bits = 64>
struct LogLinear {
  static constexpr std::uint64_t parts = std::uint64_t{1} << part_bits;
  static constexpr std::size_t buckets = (value_bits - part_bits + 1) * parts;
  static constexpr std::uint64_t greatest = ~std::uint64_t{0} >> (64 - value_bits);

  /// Values below `parts` have a bucket each. Above, `shift` drops all but the leading bits.
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < parts) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - part_bits;
    return (shift + 1) * parts + ((value >> shift) - parts);
  }

  /// The greatest value that goes there.
  [[nodiscard]] static constexpr std::uint64_t upper_edge_of(std::size_t bucket) noexcept {
    if (bucket < parts) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / parts) - 1;
    const std::uint64_t lower = (parts + bucket % parts) << shift;
    return lower + ((std::uint64_t{1} << shift) - 1);
  }

  /// The smallest bucket edge that at least `share` of the `total` values in `counts` lie at or
  /// below, and at most the greatest value; 0 when there is none.
  template <class Counts>
  [[nodiscard]] static std::uint64_t percentile(const Counts& counts, std::uint64_t total,
                                                std::uint64_t greatest_value,
                                                double share) noexcept {
    const double wanted = share * static_cast<double>(total);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      seen += counts[bucket];
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        const std::uint64_t edge = upper_edge_of(bucket);
        return edge < greatest_value ? edge : greatest_value;
      }
    }
    return greatest_value;
  }
};

}  // namespace rota::inline v0
