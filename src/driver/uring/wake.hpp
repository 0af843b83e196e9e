#pragma once

#include <rota/core/atomic.hpp>

#include "driver/uring/bits.hpp"

struct io_uring_sqe;

namespace rota::inline v0 {

/// Rouses a driver that sleeps in its ring: an eventfd that the ring polls. It is never read: the
/// poll reports each write, whatever the counter says, and one that is armed anew reports what was
/// written before. Or a message, which puts the same report into the ring without one (`send_to`);
/// where that is refused, as by a ring that no turn has enabled yet, the eventfd is written all the
/// same.
///
/// 1. `pending_` is set by whoever wakes and cleared by the driver when the report arrives. Who
///    finds it set writes nothing: a report is on its way, so a storm is one write.
/// 2. Both sides exchange (acquire and release): a wake that was merged into an earlier one still
///    orders what came before it with what the driver does after clearing.
///
/// Other threads write `pending_`, so it stands on lines of its own: not beside what the driver
/// touches in every turn.
class alignas(128) UringWake {
 public:
  UringWake() = default;
  UringWake(const UringWake&) = delete;
  UringWake& operator=(const UringWake&) = delete;
  ~UringWake();

  /// 0, or the errno that left no eventfd.
  [[nodiscard]] int set_up() noexcept;
  [[nodiscard]] int number() const noexcept { return eventfd_; }
  /// From now on this ring is sent messages. Before any other thread can wake.
  void send_to(int ring) noexcept { ring_ = ring; }
  /// Puts a completion into a ring, as of a poll that goes on. Any thread: 0, or a negative errno.
  [[nodiscard]] static int send_message(int ring, UringTag tag) noexcept;

  /// Any thread, and signal handlers: leaves errno as it was.
  void wake() noexcept;

  /// The driver's: a report was taken from the ring.
  void acknowledge() noexcept { pending_.exchange(false, MemoryOrder::acq_rel); }

  [[nodiscard]] bool armed() const noexcept { return armed_; }
  void arm(io_uring_sqe& entry) noexcept;
  void disarmed() noexcept { armed_ = false; }

 private:
  Atomic<bool> pending_ = false;
  int eventfd_ = -1;
  int ring_ = -1;
  bool armed_ = false;
};

}  // namespace rota::inline v0
