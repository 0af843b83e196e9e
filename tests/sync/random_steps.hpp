#pragma once

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace rota::testing_sync {

/// Random choices of one run, which its seed repeats.
class RandomSteps {
 public:
  explicit RandomSteps(std::uint64_t seed) : seed_(seed), random_(seed) {}

  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.next() % bound); }

 private:
  std::uint64_t seed_;
  Random random_;
};

/// Runs `body(seed, operations)` with several seeds, of which it prints the first: ROTA_SEED
/// repeats one. Instrumented builds do a share of the operations.
template <class Body>
void for_seeds(std::uint64_t operations, Body body) {
  constexpr std::uint64_t kRuns = 4;
  constexpr std::uint64_t share = address_sanitizer || thread_sanitizer ? 50 : 1;
  const char* given = std::getenv("ROTA_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "ROTA_SEED=" << first << "\n";
  for (std::uint64_t run = 0; run < kRuns && !testing::Test::HasFailure(); ++run) {
    body(first + run, operations / kRuns / share);
  }
}

}  // namespace rota::testing_sync
