#pragma once

#include "base/random.hpp"
#include "driver/driver.hpp"
#include "driver/perform.hpp"
#include "driver/sim/faults.hpp"
#include "driver/sim/habits.hpp"
#include "driver/sim/trace.hpp"
#include "driver/sim/world.hpp"
#include "driver/wake_fd.hpp"

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rota::inline v0 {

struct SimOptions {
  std::uint64_t seed = 1;
  SimFaults faults{};  ///< none: a well-behaved kernel that may do anything the contract allows
  SimTrace::Keep keep = SimTrace::Keep::hash;
  /// Given only while an operation waits on a socket other than a Unix one, so that a closed world
  /// of Unix sockets, pipes and files is exactly repeatable.
  int network_grace_ms = usual_network_grace_ms;
  SimWorld* world = nullptr;  ///< which it shares with the drivers of other workers; outlives it
};

/// A driver over real fds in which a seed decides everything that real life leaves open.
///
/// 1. The clock is virtual. Each round of a turn takes a few seeded microseconds; when nothing
///    can complete before the deadline, time moves there at once. Without a deadline somebody
///    outside must act, so the driver then sleeps for real, and no virtual time passes. Where
///    several workers are simulated the clock is that of their SimWorld, and what is said here of
///    time and sleep is true of all of them together.
/// 2. A turn is a series of rounds. In each, the operations that could complete are taken in a
///    seeded order; one may be held back for some rounds, or attempted with a smaller length.
///    Order within a lane is kept, since only its first operation is attempted.
/// 3. A cancel takes effect some rounds later, and may meet a last attempt: success wins. A file
///    operation that has begun goes on.
/// 4. Faults come from SimOptions, by rates; the default has none.
/// 5. Two runs of one program with one seed see the same, and have the same `trace_hash`, as long
///    as what they wait for answers at once: Unix sockets, pipes and files do; the network, other
///    threads and other processes do not.
///
/// It uses `Descriptor::driver_index` as the place in its own list of busy Descriptors.
class SimDriver final : public Driver {
 public:
  /// Throws std::system_error when no eventfd can be had.
  explicit SimDriver(const SimOptions& options);
  ~SimDriver() override;

  void turn(OpList todo, Deadline until, OpList& done) override;
  void cancel(Operation& operation) override;
  void wake() noexcept override;

  [[nodiscard]] const DriverTraits& traits() const noexcept override;
  [[nodiscard]] Instant now() const noexcept override { return now_; }

  /// Of everything that was decided and that completed so far.
  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return trace_.hash(); }
  /// The same as text, a line per event, if it was asked for.
  [[nodiscard]] const std::string& trace_text() const noexcept { return trace_.text(); }

 private:
  void start(Operation& operation, OpList& done);
  void start_close(Operation& close);
  void play_round(OpList& done);
  void gather();
  void gather_lane(OpList& lane);
  void let_stream(Descriptor& descriptor);
  void collect_blocked();
  void probe_readiness();
  void visit(Operation& operation, OpList& done);
  void advance_clock();
  /// True when the turn is over, false when another round may bring something.
  bool rest(Deadline until);
  bool rest_in_world(Deadline until);

  void try_once(Operation& operation, OpList& done);
  Attempt attempt_seeded(Operation& operation);
  Attempt inject(Operation& operation, int error);
  std::size_t draw_length(const Operation& operation);
  void stop(Operation& operation, OpList& done);
  void ask_cancel(Operation& operation);
  void outrun_cancel(Operation& operation);
  void hold(Operation& operation, std::uint32_t least_rounds);
  void finish(Operation& operation, OpList& done);
  void refuse(Operation& operation, std::int32_t error, OpList& done);

  void try_accept(Stream& stream, OpList& done);
  void end_stream(Stream& stream, std::int32_t error, OpList& done);
  void disarm(Stream& stream);
  void deliver(Stream& stream, StreamResult result, OpList& done);

  void enter(Descriptor& descriptor);
  void leave_if_idle(Descriptor& descriptor);

  Random random_;
  SimFaults faults_;
  SimHabits habits_;
  SimTrace trace_;
  SimWorld* const world_;
  Instant own_now_;
  Instant& now_;  // its own, or the world's
  const int network_grace_ms_;
  WakeFd wake_fd_;
  bool woken_ = false;  ///< in this turn

  std::vector<Descriptor*> busy_places_;  ///< every Descriptor that has an operation here
  OpList without_descriptor_;             ///< of paths and of memory
  std::vector<Operation*> candidates_;    ///< of the round
  std::vector<Operation*> blocked_;       ///< of the round; beside `polled_`
  std::vector<pollfd> polled_;           ///< and the wake's fd
  std::size_t cancels_ = 0;    ///< asked for and not yet in effect
  std::size_t completed_ = 0;  ///< in this turn
  bool unsettled_ = false;     ///< something was left that needs no readiness to go on
};

/// The simulation as conformance and `DriverKind::sim` use it: seeded, without faults.
std::unique_ptr<Driver> make_sim_driver(std::uint64_t seed, SimWorld* world);

}  // namespace rota::inline v0
