#pragma once

#include <cstdint>
#include <optional>

namespace rota::model {

enum class Mode : std::uint8_t {
  exhaustive,  // Every execution, up to the bounds below.
  random,      // A uniform choice at every step.
  pct,         // Random priorities that change at a few random steps (Burckhardt et al., 2010).
};

enum class Values : std::uint8_t {
  weak,        // A read returns any value that C++20 allows at its memory order.
  sequential,  // A read returns the last value written: shows whether a failure needs weak memory.
};

struct Options {
  Mode mode = Mode::exhaustive;

  Values values = Values::weak;

  // Exhaustive only: leave out executions that differ from an explored one by the order of
  // steps alone that commute. Ignored under a preemption bound, which it would make unsound.
  bool reduce = true;

  // Exhaustive only: at most so many switches away from a thread that could have gone on, and
  // reads or writes that a sequentially consistent machine would not have made there, in all.
  std::optional<std::uint32_t> preemptions = std::nullopt;

  // At most so many times in an execution a compare_exchange_weak fails although it could succeed.
  std::uint32_t spurious_failures = 0;

  std::uint64_t max_executions = 20'000'000;  // Reached: the report is not complete.
  std::uint32_t max_steps = 2'000;  // Of one execution; more is a livelock. At most 5,000.
  std::uint64_t seed = 1;           // Random and pct.
  std::uint64_t runs = 10'000;      // Random and pct.
  std::uint32_t pct_depth = 3;      // Priority changes of one execution, plus one.
};

}  // namespace rota::model
