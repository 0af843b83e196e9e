#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Repeatable randomness: xoshiro256** 1.0 seeded through splitmix64, both by David Blackman and
/// Sebastiano Vigna, public domain (https://prng.di.unimi.it). The same seed gives the same
/// sequence on every machine, which no generator and distribution of the standard library
/// promises together. Not for secrets. Not thread-safe.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      word = mix(seed);
    }
  }

  /// The finalizer of splitmix64: every bit of the input reaches every bit of the output.
  static constexpr std::uint64_t mix(std::uint64_t bits) noexcept {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
  }

  std::uint64_t next() noexcept {
    const std::uint64_t drawn = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return drawn;
  }

  /// From 0 to `bound` - 1. By multiplication of the upper half, so the bias is below 2^-32 times
  /// the bound; a bound of 0 is an error.
  std::uint32_t below(std::uint32_t bound) noexcept {
    assert(bound != 0);
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// From `least` to `most`, both included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) noexcept {
    assert(least <= most && most - least < UINT32_MAX);
    return least + below(most - least + 1);
  }

  /// True in `per_mille` of 1000 cases.
  bool chance(std::uint32_t per_mille) noexcept { return below(1000) < per_mille; }

  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& choices) noexcept {
    return choices[below(static_cast<std::uint32_t>(N))];
  }

  /// Puts `items` into one of their orders, all equally likely.
  template <class T>
  void shuffle(std::span<T> items) noexcept {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(static_cast<std::uint32_t>(left))]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace rota::inline v0
