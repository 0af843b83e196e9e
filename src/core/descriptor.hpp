#pragma once

#include <rota/core/descriptor_ref.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/operation.hpp>

#include "core/descriptor_home.hpp"
#include "core/first_try.hpp"

#include <cstdint>

namespace rota::inline v0 {

struct Stream;

/// What is waited for on a Descriptor, and what was seen on it; a set of bits. They are those of
/// poll(2), as far as it has one for each.
enum Interest : std::uint8_t {
  interest_none = 0,
  interest_read = 1 << 0,      ///< POLLIN: data, a connection, the end of the stream
  interest_priority = 1 << 1,  ///< POLLPRI: an exceptional condition, out-of-band data
  interest_write = 1 << 2,     ///< POLLOUT: room, or a connect that ended
  interest_hang_up = 1 << 3,   ///< waited for: the peer closed its half. Seen: that, or an error
                               ///< is pending; short reads no longer prove that nothing is left
  interest_error = 1 << 4,     ///< waited for: what is reported unasked (POLLERR, POLLHUP)
  interest_all = 0x1f,
};

/// The interest that events of poll(2) or epoll are for.
[[nodiscard]] constexpr std::uint8_t interest_of_events(std::uint32_t events) noexcept {
  constexpr std::uint32_t same = interest_read | interest_priority | interest_write;
  constexpr std::uint32_t hang_ups = 0x0008 | 0x0010 | 0x2000;  // POLLERR, POLLHUP, POLLRDHUP
  const unsigned hung_up = (events & hang_ups) != 0 ? interest_hang_up : interest_none;
  return static_cast<std::uint8_t>((events & same) | hung_up);
}

/// What a short read says about what is left in the fd.
enum class ShortRead : std::uint8_t {
  unasked,         ///< nobody has asked the kernel what the fd is
  proves_empty,    ///< TCP: nothing is left until the next event
  proves_nothing,  ///< datagrams, pipes, a hang-up or an urgent mark pending
};

/// The events of poll(2) by which an interest is waited for. Errors and hang-ups come unasked.
[[nodiscard]] constexpr std::uint16_t events_of_interest(unsigned interest) noexcept {
  constexpr unsigned same = interest_read | interest_priority | interest_write;
  const bool ends = (interest & (interest_read | interest_hang_up)) != 0;
  constexpr unsigned read_hang_up = 0x2000;  // POLLRDHUP
  return static_cast<std::uint16_t>((interest & same) | (ends ? read_hang_up : 0));
}

/// What owns an fd. Type-stable: its memory is a Descriptor as long as the runtime lives, so a
/// stale reference can be told by `generation` and never points at something else.
///
/// Owner of every field but `fd` and `home`: the home worker, with its driver. A driver that has
/// lost the Descriptor to another worker may still look at `generation` and `registered`.
///
/// Small, as an idle connection is little else: two lines of the cache. The Errand is its close,
/// once its owner has gone away without waiting; `next` links the table's free places too.
struct Descriptor : Errand {
  int fd = -1;
  std::uint32_t index = 0;              ///< its place in the table, for ever
  Atomic<std::uint32_t> generation{0};  ///< grows each time the place is given out anew, and when
                                        ///< a poller forgets it
  DescriptorHome home;                  ///< only this worker's driver registers the fd
  std::uint32_t users = 0;              ///< those inside whom the home knows
  std::int32_t driver_index = -1;       ///< the driver's own: its place in a list of the driver, or
                                        ///< in the table of files of a ring
  std::uint32_t in_flight = 0;          ///< operations with the kernel or a file engine
  OpList reading;  ///< in order; on every driver at most the first is in flight
  OpList writing;
  OpList polls;                    ///< poll operations: no order among them
  OpList unordered;                ///< file operations in flight
  Operation* streaming = nullptr;  ///< the armed Stream of the reading lane, outside of it: its
                                   ///< links are free for `done`
  Stream* ahead = nullptr;       ///< of connections or of bytes: what its ring holds goes to
                                 ///< whoever asks next, also by an Operation
  Operation* closing = nullptr;  ///< the close that waits for what is in flight
  FdKind kind = FdKind::stream;
  std::uint8_t ready_hint = interest_all;  ///< what may be ready (Interest): an attempt is worth
                                           ///< its system call. Of a file: RWF_NOWAIT may do,
                                           ///< for reads and for writes
  Atomic<std::uint8_t> registered{0};      ///< poller: what it knows of the fd
  ShortRead short_read = ShortRead::unasked;
  std::uint8_t driver_bits = 0;  ///< the driver's own; nothing else reads it
  bool receives_much = false;    ///< its next buffer that is lent is large (driver/lending.hpp)
  std::uint8_t ring_uses = 0;    ///< so often a ring was given it by number (UringFileTable)
  std::uint8_t copied_sends = 0;  ///< so many in a row were to be made in place and were not
  FirstTry cached;                ///< of a file: what its page cache has is read at once
  FirstTry unpunted;              ///< of a file: its ring is asked without a thread of the kernel's
  std::uint8_t unfit_loans = 0;   ///< so many in a row would have fitted the other size better
  bool borrowed = false;         ///< the fd is somebody else's: it is left open
  bool placed = false;           ///< it has no fd: `driver_index` is its place with the driver
  bool direct = false;           ///< a file that was opened with O_DIRECT
  bool interrupts = false;       ///< such a file: its device cannot be polled
  bool lingers = false;          ///< SO_LINGER: close(2) may sleep. Written by the owner, who
                                 ///< hands it over with the close
};
static_assert(!atomics_are_bare || sizeof(Descriptor) <= 128);

/// What was said about the Descriptor until now is of no account any more.
inline void next_generation(Descriptor& descriptor) noexcept {
  // A load and a store: only its owner writes.
  const std::uint32_t generation = descriptor.generation.load(MemoryOrder::relaxed);
  descriptor.generation.store(generation + 1, MemoryOrder::relaxed);
}

/// The lane an operation waits in; of `unordered` no order is promised.
[[nodiscard]] inline OpList* lane_of(Descriptor& descriptor, OpCode code) noexcept {
  if (reads_stream(code)) return &descriptor.reading;
  if (writes_stream(code)) return &descriptor.writing;
  return code == OpCode::poll ? &descriptor.polls : &descriptor.unordered;
}

/// What a poll operation waits for.
[[nodiscard]] std::uint8_t interest_of_poll(const Poll& poll) noexcept;

/// What an operation waits for; none where readiness has no meaning.
[[nodiscard]] inline std::uint8_t interest_of(const Operation& operation) noexcept {
  if (reads_stream(operation.code)) {
    const bool urgent = (operation.flags & op_out_of_band) != 0;
    return urgent && operation.code == OpCode::read ? interest_priority : interest_read;
  }
  if (writes_stream(operation.code)) return interest_write;
  if (operation.code != OpCode::poll) return interest_none;
  return interest_of_poll(static_cast<const Poll&>(operation));
}

/// Which half of the hint speaks of a transfer at an offset: a file system may know whether a read
/// would block, and not a write.
[[nodiscard]] inline Interest direction_at_offset(OpCode code) noexcept {
  return reads_at_offset(code) ? interest_read : interest_write;
}

/// Whether an operation of this kind may be performed at once: nothing waits before it, and the
/// hint does not say that it would block.
[[nodiscard]] inline bool may_try(const Descriptor& descriptor, OpCode code) noexcept {
  if (descriptor.closing != nullptr) return false;
  const unsigned hint = descriptor.ready_hint;
  if (reads_stream(code)) {
    return (hint & interest_read) != 0 && descriptor.reading.empty() &&
           descriptor.streaming == nullptr;
  }
  if (writes_stream(code)) return (hint & interest_write) != 0 && descriptor.writing.empty();
  if (moves_at_offset(code)) return (hint & direction_at_offset(code)) != 0;
  return code == OpCode::poll || never_waits(code);
}

/// What was seen is used up: the next attempt waits for a report.
inline void clear_hint(Descriptor& descriptor, unsigned interest) noexcept {
  descriptor.ready_hint = static_cast<std::uint8_t>(descriptor.ready_hint & ~interest);
}

/// Finds out whether a short read of the fd proves anything.
void ask_short_read(Descriptor& descriptor) noexcept;

[[nodiscard]] inline bool short_read_proves_empty(Descriptor& descriptor) noexcept {
  if (descriptor.short_read == ShortRead::unasked) [[unlikely]]
    ask_short_read(descriptor);
  return descriptor.short_read == ShortRead::proves_empty;
}

/// Whether this was a short read, of an fd where that proves that nothing is left.
[[nodiscard]] bool drained_by(Descriptor& descriptor, const Operation& read) noexcept;

/// Takes into the hint what an attempt showed; every attempt on a Descriptor is followed by it.
/// `completed` is false when the operation would block.
inline void note_attempt(Descriptor& descriptor, const Operation& operation,
                         bool completed) noexcept {
  if (completed && writes_stream(operation.code)) return;
  if (completed && descriptor.short_read == ShortRead::proves_nothing) return;
  // What the page cache lacks now it may have a moment later; and a poll operation asks for
  // several things at once, so that its answer says little about each.
  if (descriptor.kind == FdKind::file || operation.code == OpCode::poll) return;
  if (!completed) {
    clear_hint(descriptor, interest_of(operation));
  } else if (drained_by(descriptor, operation)) {
    clear_hint(descriptor, interest_read);
  }
}

/// Whether an operation has nothing to do but to wait for the next edge of an fd that is watched
/// for every edge: the hint says that there is nothing for it now.
[[nodiscard]] inline bool waits_for_edge(const Descriptor& descriptor, OpCode code) noexcept {
  if (!is_one_of<OpCode::read, OpCode::write>(code)) return false;
  const unsigned direction = code == OpCode::read ? interest_read : interest_write;
  return descriptor.registered.load(MemoryOrder::relaxed) != 0 && descriptor.closing == nullptr &&
         (descriptor.ready_hint & direction) == 0;
}
inline void stand_in_lane(Operation& operation, OpCode code) noexcept {
  operation.state = OpState::queued;
  lane_of(*operation.descriptor, code)->push_back(operation);
}

}  // namespace rota::inline v0
