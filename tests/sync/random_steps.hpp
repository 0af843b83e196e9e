#pragma once

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>
#include <system_error>

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

constexpr std::uint64_t kRuns = 4;  // of each test, with a seed of its own

/// How many operations a test does: as many as ROTA_OPERATIONS says, or else those of its own, of
/// which instrumented builds do a share.
inline std::uint64_t operations_asked_for(std::uint64_t own) {
  constexpr std::uint64_t share = address_sanitizer || thread_sanitizer ? 50 : 1;
  const char* asked = std::getenv("ROTA_OPERATIONS");
  if (asked == nullptr) return own / share;
  std::uint64_t operations = 0;
  const std::string_view text(asked);
  const auto [end, error] = std::from_chars(text.begin(), text.end(), operations);
  if (error != std::errc{} || end != text.end() || operations < kRuns) {
    std::cerr << "ROTA_OPERATIONS is a number of at least " << kRuns << ", not " << text << "\n";
    std::exit(2);
  }
  return operations;
}

/// Runs `body(seed, operations)` with several seeds, of which it prints the first: ROTA_SEED
/// repeats one.
template <class Body>
void for_seeds(std::uint64_t operations, Body body) {
  const std::uint64_t each = operations_asked_for(operations) / kRuns;
  const char* given = std::getenv("ROTA_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "ROTA_SEED=" << first << "\n";
  for (std::uint64_t run = 0; run < kRuns && !testing::Test::HasFailure(); ++run) {
    body(first + run, each);
  }
}

}  // namespace rota::testing_sync
