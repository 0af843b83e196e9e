#pragma once

#include "model/explorer.hpp"

#include <rota/core/atomic.hpp>

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rota::model {

// The shared state of a litmus test, and what its threads read.
struct Litmus {
  Atomic<int> x{0};
  Atomic<int> y{0};
  std::array<int, 4> r{-1, -1, -1, -1};
};

using Code = void (*)(Litmus&);

// Whose last values are part of an outcome.
enum class Ends { none, x, x_and_y };

// Every outcome that the explorer reaches: what was read, a digit each, and then the last values.
inline std::set<std::string> outcomes(std::span<const Code> threads, Ends ends,
                                      const Options& options) {
  std::set<std::string> found;
  const Report report = explore(options, [&] {
    Litmus litmus;
    std::array<std::size_t, max_threads> spawned{};
    for (std::size_t t = 0; t < threads.size(); ++t) {
      Thread thread = spawn("thread", [&litmus, code = threads[t]] { code(litmus); });
      spawned[t] = thread.index();
    }
    for (std::size_t t = 0; t < threads.size(); ++t) {
      Thread(spawned[t]).join();
    }
    std::string outcome;
    for (const int read : litmus.r) {
      if (read >= 0) {
        outcome.push_back(static_cast<char>('0' + read));
      }
    }
    if (ends != Ends::none) {
      outcome += " " + std::to_string(litmus.x.load());
      outcome += ends == Ends::x_and_y ? std::to_string(litmus.y.load()) : "";
    }
    found.insert(outcome);
  });
  EXPECT_TRUE(report.complete) << report;
  return found;
}

// Exactly these, with and without reduction.
inline void expect_outcomes(std::span<const Code> threads, const std::set<std::string>& allowed,
                            Ends ends = Ends::none) {
  EXPECT_EQ(outcomes(threads, ends, {}), allowed);
  EXPECT_EQ(outcomes(threads, ends, {.reduce = false}), allowed) << "without reduction";
}

}  // namespace rota::model
