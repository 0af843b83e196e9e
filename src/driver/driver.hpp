#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

#include "core/descriptor.hpp"
#include "driver/driver_counters.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/lender.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rota::inline v0 {

/// What a driver can do. The runtime asks what a driver can do, never which one it is.
struct DriverTraits {
  std::string_view name;
  bool tries_first;       ///< an operation whose lane is empty is performed in `submit`, before it
                          ///< ever reaches the driver
  bool tries_lone_reads;  ///< so is the read of a file when there is nothing to batch it with: a
                          ///< page-cache hit costs less by a plain system call than alone in a ring
  bool watches_edges;     ///< a plain message that `waits_for_edge` may be put in its lane instead
                          ///< of `todo`, as long as `todo` is empty
  bool nonblocking_fds;   ///< the fds it waits for must carry O_NONBLOCK
  bool any_carrier;       ///< a thread other than the first may take it over
  bool lets_go;           ///< a Descriptor may move to another worker's driver, by `let_go`
  bool receives_ahead;    ///< it takes a Stream of reads: what comes is received before it is
                          ///< asked for
  bool gives_places;      ///< an accept with op_wants_place may be given a place (rule 11)
  bool virtual_clock;     ///< `now` is its own; nothing sleeps: who compares spans of real time
                          ///< (suites do, the runtime does not) must ask
};

/// The seam: completion above, any mechanism below. Used by one carrier at a time, which holds
/// the turn token; `wake` alone is for any thread.
///
/// What an implementation owes:
///
/// 1. `turn` starts every operation of `todo` in order, sleeps until something completed, `until`
///    passed or `wake` was called, and appends what completed to `done`. It does not sleep when
///    it has something for `done`, nor when `until` has passed. It does bounded work: after
///    `kTurnOperations` completions or `kTurnNs` it returns, and the rest comes next time.
/// 2. Each Operation comes back exactly once, by `done`, with `result` set and `state` idle; a
///    Stream comes back as stream.hpp says. Nobody touches the memory of an operation, nor that
///    of its buffers, after it came back.
/// 3. Operations of one lane of a Descriptor (reads and accepts; writes and connects) complete in
///    the order in which they were started, except that a cancelled one may leave early.
/// 4. An accept that is not a Stream, on a listener with a Stream (`Descriptor::ahead`), takes
///    the oldest result that the Stream holds, or else the next that the Stream would get: a Stream
///    may stay armed long after its consumer has gone. A read of bytes does the same where a Stream
///    receives ahead of it. A Stream that came back through `done` may be empty for this reason.
/// 5. `cancel` asks for an early end of an operation that was given to `turn` and did not come
///    back; it still comes back through a later `turn`: with what it achieved, if it moved bytes
///    or completed before the request took effect (success wins), else with -ECANCELED. A transfer
///    of every byte (op_whole) that lacks some has its error, and the count in `moved`. Asking
///    twice is harmless. Cancelling never fails: with a full submission queue it is kept.
/// 6. A `close` operation ends everything in flight on its Descriptor (as by `cancel`), waits for
///    it, makes the mechanism forget the fd, closes the number, and only then completes. What
///    belonged to the Descriptor comes back before the close does. No event for the old fd can
///    reach whoever gets the number next. A close that may sleep (`Descriptor::lingers`) does so
///    on a thread of the file engine, which it occupies for as long.
/// 7. `wake` ends the sleeping `turn`, or the next one if none sleeps: it is sticky, may be
///    called from a signal handler, and any number of calls may be merged into one.
/// 8. Errors of an operation are its result. A driver aborts only when the kernel breaks its
///    contract, or when there is no memory for its lists: they grow to what was in flight at once
///    and keep that room, so that a worker in its stride allocates nothing; there is nobody to
///    whom the failure to grow one could be reported, and `turn` and `cancel` run in noexcept code.
/// 9. User code never runs inside `turn`.
/// 10. A Receive has a buffer of its lender when it comes back with bytes, and none when it comes
///    back without, nor while it waits where the mechanism has a way to do without.
/// 11. An accept with op_wants_place comes back with a number, or where `gives_places` with a place
///    in a table of the driver's own, which uses no number of the process. No connection is
///    accepted for which there is neither. A Descriptor that owns a place (`placed`) never leaves
///    this driver. Bytes and single messages move through it, it is shut down, installed and
///    closed; whatever else is asked of it ends with -EBADF, as it would need the number.
class Driver {
 public:
  static constexpr std::size_t kTurnOperations = 1024;
  static constexpr std::int64_t kTurnNs = 200'000;

  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  /// Nothing may be in flight.
  virtual ~Driver() = default;

  /// By a carrier, before its first turn: for what the kernel keeps of the thread, and not of the
  /// mechanism. A neighbour that turns in the carrier's place, and a carrier that is alone with its
  /// worker for some turns, may leave it out.
  virtual void begin_carry() noexcept;
  virtual void turn(OpList todo, Deadline until, OpList& done) = 0;
  virtual void cancel(Operation& operation) = 0;
  virtual void wake() noexcept = 0;

  /// Whether a `turn` that does not sleep would find something to do now.
  enum class News : std::uint8_t { none, some, unknown };
  /// By the carrier, which spins and would rather not make a system call for an answer: `unknown`
  /// where only one tells. What comes while it looks may be in the next answer.
  [[nodiscard]] virtual News news() const noexcept;

  /// Where `traits().lets_go`: makes the mechanism forget the fd. By any thread that owns the
  /// Descriptor (descriptor_home.hpp), also during a `turn`. Nothing is in flight on it.
  virtual void let_go(Descriptor& descriptor) noexcept;
  /// By its carrier, between turns, for a Descriptor that goes to another worker: nothing is in
  /// flight on it and its Stream is not armed. Forgets the fd, and whatever else it keeps of it.
  /// False: it has results for which the Stream has no room; then it has forgotten nothing.
  [[nodiscard]] virtual bool give_away(Descriptor& descriptor) noexcept;
  /// Once, before the first turn, where tasks move: a Descriptor may leave `home` when nothing is
  /// in flight on it, so whatever is not about an operation holds it first.
  virtual void share(Worker& home) noexcept;

  /// Whose buffers a Receive is lent that is given to this driver. By its carrier. Null without
  /// memory for it.
  [[nodiscard]] Lender* lender() noexcept {
    if (lender_ == nullptr) lender_ = Lender::make();
    return lender_.get();
  }

  [[nodiscard]] DriverCounters& counters() noexcept { return counters_; }

  /// How busy its file engine is; nothing where it has none. Any thread.
  [[nodiscard]] virtual EngineUse engine_use() const noexcept;
  [[nodiscard]] virtual const DriverTraits& traits() const noexcept = 0;
  /// The monotonic clock, or the driver's own where it has a virtual one.
  [[nodiscard]] virtual Instant now() const noexcept;

 private:
  DriverCounters counters_;
  Lender::Owner lender_;  ///< made for the first Receive
};

}  // namespace rota::inline v0
