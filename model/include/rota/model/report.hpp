#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace rota::model {

struct Failure {
  enum class Kind : std::uint8_t { check, deadlock, livelock, race, unjoined, nondeterminism };

  Kind kind = Kind::check;
  std::string message;
  std::string replay;  // What model::replay takes.
  std::string trace;   // One line per step.
};

struct Report {
  std::uint64_t executions = 0;  // Interleavings run to their end.
  std::uint64_t pruned = 0;      // Abandoned as repetitions.
  std::uint64_t steps = 0;
  bool complete = false;  // Nothing within the bounds is left to explore.
  std::optional<Failure> failure;
};

[[nodiscard]] const char* to_string(Failure::Kind kind) noexcept;

std::ostream& operator<<(std::ostream& out, const Report& report);

}  // namespace rota::model
