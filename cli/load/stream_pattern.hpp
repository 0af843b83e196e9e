#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rota::cli {

/// The bytes that connections send. Byte `p` of a stream depends on `p`, and the period is a prime
/// above any common message size, so an echo that loses, repeats or reorders anything within a
/// period, or that mixes two connections (they start at different phases), does not compare equal.
class StreamPattern {
 public:
  /// `chunk_bytes` is how many bytes may be read at any position.
  explicit StreamPattern(std::size_t chunk_bytes)
      : bytes_(period_bytes + chunk_bytes), chunk_bytes_(chunk_bytes) {
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      bytes_[i] = static_cast<char>(mix(i % period_bytes) & 0xff);
    }
  }

  [[nodiscard]] const char* at(std::uint64_t position) const noexcept {
    return bytes_.data() + position % period_bytes;
  }
  [[nodiscard]] std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }

 private:
  static constexpr std::uint64_t period_bytes = 65521;

  /// The finaliser of SplitMix64: neighbouring positions give unrelated bytes.
  static std::uint64_t mix(std::uint64_t value) noexcept {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
  }

  std::vector<char> bytes_;
  std::size_t chunk_bytes_;
};

}  // namespace rota::cli
