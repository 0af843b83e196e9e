#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>

#include <cstdint>
#include <string>

namespace rota::inline v0 {

/// What can happen in a simulated run.
enum class SimEvent : std::uint8_t {
  start,          ///< an operation was given to the driver; the value is its length
  attempt,        ///< the value is the length that was tried
  hold,           ///< it could be attempted but is held back; the value is for how many rounds
  block,          ///< it waits for readiness
  fault,          ///< the value is the errno that was injected
  complete,       ///< the value is its result
  cancel,         ///< cancel was asked for; the value is the delay in rounds
  cancel_raced,   ///< the request is about to take effect, and one more attempt comes first
  wake,           ///< a wake ended the turn
  spurious_wake,  ///< the turn ended for no reason
  clock_jump,     ///< the value is the leap in nanoseconds
  deadline,       ///< nothing could complete: time moved to the deadline
  sleep,          ///< nothing could complete: a real sleep began, as no deadline was set, or else
                  ///< other workers go on
};

/// The record of a simulated run: a hash of everything that was decided and that happened, and
/// if asked for the text of it.
///
/// Nothing goes in that two runs of one seed may see differently: no fd number, no address, no
/// real time. A Descriptor is known by its place in its table.
class SimTrace {
 public:
  enum class Keep : std::uint8_t { hash, text };

  explicit SimTrace(Keep keep) noexcept : keep_(keep) {}

  void note(SimEvent event, Instant at, std::int64_t value = 0);
  void note(SimEvent event, Instant at, const Operation& operation, std::int64_t value = 0);

  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  /// One line per event; empty unless it was asked for.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void fold(std::uint64_t word) noexcept;
  void begin_line(SimEvent event, Instant at);

  std::uint64_t hash_ = 0x726f7461;  // "rota": any start but zero, which would swallow zeros
  Keep keep_;
  std::string text_;
};

}  // namespace rota::inline v0
