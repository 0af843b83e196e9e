#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/look_wait.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/lag.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// The untyped part of a Broadcast: how far it has come, who reads it, who waits.
///
/// Rules
///   1. Value number `n` is in place `n % capacity` until number `n + capacity` is sent. `sent` is
///      the number of the next one. Both change under the lock, and so does `next` of a
///      subscription, which is the number that it reads next.
///   2. A reader waits only while `next == sent`, and whoever sends or closes ends all waits.
///      So one that was ended finds a value, a lag or the close, however late it looks.
///   3. One that is more than `capacity` behind is told by how much, once, and goes on with the
///      oldest value that is left.
struct BroadcastCore : WaitRoom {
  explicit BroadcastCore(std::size_t places) noexcept : capacity(places) {}
  ~BroadcastCore() {
    check_usage(readers == 0, "a Broadcast was destroyed while there are readers");
  }

  /// Closes; the waits, to be woken by the caller.
  [[nodiscard]] WaitLine close() noexcept;
  /// Under the lock: how many values the reader of number `next` has missed; it goes past them.
  [[nodiscard]] std::uint64_t skip_missed(std::uint64_t& next) const noexcept {
    if (sent - next <= capacity) return 0;
    const std::uint64_t oldest = sent - capacity;
    return oldest - std::exchange(next, oldest);
  }

  const std::size_t capacity;
  std::uint64_t sent = 0;
  std::size_t readers = 0;
  bool closed = false;
  WaitLine waiters;
};

template <class T>
class BroadcastReader;

/// Hands every value to every reader that there is when it is sent. Senders never wait: a reader
/// that falls more than `capacity` values behind misses the oldest, and is told.
///
/// Any number of senders and readers. Memory: `capacity` values, from the start; each stays until
/// it is overwritten.
///
/// A value is copied under the lock, once for each reader: copying it throws nothing, takes a
/// few instructions and leaves this broadcast alone. What is more than that travels in a
/// std::shared_ptr<const T>.
///
/// @threads any; `send` never waits
/// @loses nothing: nothing of it waits
/// @owns it outlives its readers, and has the last `capacity` values
/// @errors `broken_pipe` after `close`
template <class T>
class Broadcast {
  static_assert(std::is_nothrow_copy_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a broadcast copies its values under a lock, which must not throw; send a "
                "std::shared_ptr<const T>");

 public:
  /// `capacity` is at least 1.
  explicit Broadcast(std::size_t capacity) : core_(capacity), ring_(capacity) {
    check_usage(capacity > 0, "a Broadcast holds one value at least");
  }

  /// Never waits, and allocates nothing.
  Result<void> send(T value) noexcept {
    std::optional<T> sent(std::move(value));  // And what it overwrites, destroyed after the lock.
    WaitLine woken;
    {
      SpinGuard guard(core_.line_lock);
      if (core_.closed) return failure(EPIPE);
      sent.swap(ring_[core_.sent % core_.capacity]);
      core_.sent += 1;
      woken = LineWait::take_all(core_.waiters);
    }
    LineWait::wake_all(std::move(woken));
    return {};
  }
  /// One that sees what is sent from now on.
  [[nodiscard]] BroadcastReader<T> subscribe() noexcept { return BroadcastReader<T>(*this); }
  void close() noexcept { LineWait::wake_all(core_.close()); }

 private:
  friend class BroadcastReader<T>;

  BroadcastCore core_;
  OwnedArray<std::optional<T>> ring_;
};

/// Reads a Broadcast. Move-only.
///
/// @threads any, one task at a time
/// @loses nothing: the value is still to be read
/// @owns each reader gets a copy
/// @errors `broken_pipe` after `close`, once it has read all; `lag_error(n)` when n values were
/// overwritten unread
template <class T>
class BroadcastReader {
 public:
  using ReceiveLeaf = LookWait<BroadcastReader>;

  BroadcastReader(BroadcastReader&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), next_(other.next_) {}
  BroadcastReader& operator=(BroadcastReader&& other) noexcept {
    if (this != &other) {
      drop();
      from_ = std::exchange(other.from_, nullptr);
      next_ = other.next_;
    }
    return *this;
  }
  ~BroadcastReader() { drop(); }

  /// Waits for the next value. When some were missed it says so once: the next `receive` yields the
  /// oldest that is left.
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept {
    check_usage(from_ != nullptr, "a BroadcastReader was used after it was moved from");
    return Await<ReceiveLeaf>(std::in_place, *this);
  }
  /// Empty: nothing there now, which a `receive` would fail at once with or wait for. Otherwise
  /// what it would yield at once.
  [[nodiscard]] std::optional<Result<T>> try_receive() noexcept {
    SpinGuard guard(room().line_lock);
    if (!is_due()) return std::nullopt;
    return take();
  }

 private:
  friend class Broadcast<T>;
  friend class LookWait<BroadcastReader>;

  explicit BroadcastReader(Broadcast<T>& from) noexcept : from_(&from) {
    SpinGuard guard(room().line_lock);
    core().readers += 1;
    next_ = core().sent;
  }

  [[nodiscard]] BroadcastCore& core() noexcept { return from_->core_; }
  [[nodiscard]] WaitRoom& room() noexcept { return core(); }
  // Under the lock.
  [[nodiscard]] WaitLine& line() noexcept { return core().waiters; }
  [[nodiscard]] bool is_due() noexcept { return next_ != core().sent || core().closed; }
  [[nodiscard]] Result<T> take() noexcept {
    if (next_ == core().sent) return failure(EPIPE);
    if (const std::uint64_t missed = core().skip_missed(next_)) {
      return std::unexpected(lag_error(missed));
    }
    return *from_->ring_[next_++ % core().capacity];
  }

  void drop() noexcept {
    if (from_ == nullptr) return;
    SpinGuard guard(room().line_lock);
    core().readers -= 1;
    from_ = nullptr;
  }

  Broadcast<T>* from_;
  std::uint64_t next_ = 0;
};

}  // namespace rota::inline v0
