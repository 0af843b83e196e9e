#pragma once

#include <rota/core/spin_lock.hpp>

#include "core/descriptor.hpp"
#include "driver/uring/places.hpp"
#include "driver/uring/ring.hpp"

#include <array>
#include <cstdint>

namespace rota::inline v0 {

/// The files that a ring finds by their place in a table: their entries save the kernel the look-up
/// of the number and two changes of a count that all users of the open file share. What the ring
/// opens itself into a place has no number at all.
///
/// 1. A regular file gets a place once it was used often, `Descriptor::driver_index`, and has it
///    until `forget`. A number that somebody else closes gets none.
/// 2. A place keeps a file open as a number does, with its locks and the room of what has no name
///    any more. So `forget` comes before the number is closed, while nothing is in flight.
/// 3. The table is made for the first file. Where it is refused, or is full, the number does.
/// 4. Behind the places of files are those of connections that have no number (direct.cpp), as many
///    as RLIMIT_NOFILE leaves room for: the kernel measures a table by it. Whoever takes one gives
///    it back when the kernel has closed what was there.
/// 5. All is the carrier's, but for `forget`. That is for any thread that owns the Descriptor
///    (Driver::let_go), which a ring with a single issuer does not answer: where Descriptors leave
///    by themselves its owner calls `name_none` first.
/// 6. A place that is taken for a while (`take_place`) is the taker's until it gives it back empty.
class UringFileTable {
 public:
  /// A page of the kernel's pointers.
  static constexpr std::uint32_t kPlaces = 512;
  /// So many uses by number before a place: to give and to take one costs two system calls, about
  /// what a place saves in as many entries.
  static constexpr std::uint8_t kUsesBefore = 32;

  /// With those of files they fill 33 pages of the kernel's.
  static constexpr std::uint32_t kConnections = 16 * 1024;

  /// With room for so many connections, as far as there is any.
  explicit UringFileTable(UringRing& ring, std::uint32_t connections = 0) noexcept
      : ring_(ring), wanted_connections_(connections) {}

  /// Has the entry, which is prepared, use the place of the file if that has one.
  void name(io_uring_sqe& entry, Descriptor& file) noexcept {
    if (file.driver_index < 0 && !earns_place(file)) return;
    entry.fd = file.driver_index;
    entry.flags |= IOSQE_FIXED_FILE;
  }
  void forget(Descriptor& file) noexcept;
  void name_none() noexcept { names_ = false; }

  /// An empty place. -1: there is none, or no table.
  [[nodiscard]] std::int32_t take_place() noexcept;
  /// Lets go of the file in a place that was taken, if there is one.
  void clear(std::int32_t place) noexcept;
  void give_back(std::int32_t place) noexcept;

  /// A place for a connection; -1: there is none.
  [[nodiscard]] std::int32_t take_for_connection() {
    if (state_ == State::unasked) [[unlikely]]
      make();
    return connections_.take();
  }
  void leave_connection(std::int32_t place) noexcept { connections_.give_back(place); }
  void keep_no_connections() noexcept { wanted_connections_ = 0; }

 private:
  enum class State : std::uint8_t { unasked, made, refused };

  [[nodiscard]] bool earns_place(Descriptor& file) noexcept {
    if (!names_ || state_ == State::refused || file.kind != FdKind::file) return false;
    file.ring_uses += 1;
    return file.ring_uses > kUsesBefore && give_place(file);
  }
  [[nodiscard]] bool give_place(Descriptor& file) noexcept;
  void make() noexcept;
  [[nodiscard]] bool make_with(std::uint32_t places) noexcept;
  [[nodiscard]] bool put(std::int32_t place, int fd) noexcept;
  [[nodiscard]] std::int32_t take_free() noexcept;

  static constexpr std::uint32_t kWordBits = 64;

  UringRing& ring_;
  std::uint32_t wanted_connections_;
  UringPlaces connections_;
  State state_ = State::unasked;
  bool names_ = true;
  SpinLock lock_;  ///< for taken_
  std::array<std::uint64_t, kPlaces / kWordBits> taken_{};
};

}  // namespace rota::inline v0
