#pragma once

#include <rota/core/atomic.hpp>

#include "base/unique_fd.hpp"

namespace rota::inline v0 {

/// The eventfd by which any thread, or a signal handler, ends a poller's wait.
///
/// Rules
///   1. `wake` sets the flag; only who found it clear writes to the eventfd. Wakes that come
///      before the poller has answered are merged into one system call.
///   2. The poller that sees the eventfd ready answers it, and returns from its turn. A wake that
///      finds the flag still set is merged into the turn that is about to return: what its caller
///      published before is visible to whoever comes back from that turn (acquire and release by
///      the exchanges of one flag).
///   3. `answer_level` empties the eventfd before it clears the flag. The other way round, a wake
///      between the two would be swallowed by the read and leave the flag set for ever.
///   4. `answer_edge` reads nothing: eventfd_write wakes the wait queue on every write, whatever
///      the count was, and so every write is an edge (fs/eventfd.c; the count would overflow
///      after 2^64 - 2 writes).
///
/// Other threads write the flag, so it stands on lines of its own: not beside what the poller
/// touches in every turn.
class alignas(128) WakeFd {
 public:
  /// An invalid fd makes an invalid WakeFd.
  WakeFd() noexcept;

  [[nodiscard]] int number() const noexcept { return fd_.number(); }
  [[nodiscard]] bool valid() const noexcept { return fd_.valid(); }
  /// The errno that kept it from being valid.
  [[nodiscard]] int error() const noexcept { return error_; }

  void wake() noexcept;          ///< any thread, any signal handler; keeps errno
  void answer_level() noexcept;  ///< the poller only
  void answer_edge() noexcept;   ///< the poller only

 private:
  UniqueFd fd_;
  int error_;
  Atomic<bool> signaled_{false};  ///< set by wake, cleared by the poller's answer
};

}  // namespace rota::inline v0
