#pragma once

#include <rota/core/operation.hpp>

#include "base/random.hpp"
#include "core/descriptor.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// Which faults the simulation injects, and how often. All rates are zero at first.
///
/// What an injected errno does to the world:
/// 1. EINTR and EAGAIN, and for accept ECONNABORTED and EPROTO, must stay invisible: the operation
///    is attempted again.
/// 2. ECONNRESET, EPIPE and ETIMEDOUT end the connection: a socket is shut down for real, so that
///    its peer learns of it as it would in life.
/// 3. Everything else is refused before anything happened, and may be tried again. A failed close
///    has closed the fd all the same.
class SimFaults {
 public:
  /// How many errnos are known.
  static constexpr std::size_t kErrors = 17;

  SimFaults() = default;

  /// Swarm style: each errno is switched on or off, and those that are on get a rate of their
  /// own, so that a run meets few kinds often instead of every kind seldom.
  static SimFaults swarm(Random& random) noexcept;

  /// Every attempt that can plausibly fail with `error` does so in `per_mille` of 1000 cases.
  void set(int error, std::uint16_t per_mille) noexcept;

  /// The errno that the next attempt meets, or 0. An operation without a Descriptor is judged by
  /// its code alone.
  [[nodiscard]] int draw(Random& random, const Operation& operation) const noexcept;

  /// Whether `error` is plausible for `code` on a Descriptor of this kind.
  [[nodiscard]] static bool plausible(int error, OpCode code, FdKind kind) noexcept;

  /// Whether the connection is gone after `error`.
  [[nodiscard]] static bool ends_connection(int error) noexcept;

  std::uint16_t spurious_wake_per_mille = 0;  ///< of the waits: end for no reason
  std::uint16_t clock_jump_per_mille = 0;     ///< of the turns: time leaps forward
  std::uint16_t stop_after_progress_per_mille = 0;  ///< of the attempts that leave a rest: it stays
  std::uint16_t short_file_vector_per_mille = 0;    ///< of the vectored file transfers: come short

 private:
  std::array<std::uint16_t, kErrors> per_mille_{};  ///< beside the table in the .cpp
};

}  // namespace rota::inline v0
