#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/look_wait.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// The untyped part of a Watch. `version` counts the values there were; it and `seen` of a reader
/// change under the lock. A reader waits only while the two are the same, and whoever sets or
/// closes ends all waits: so one that was ended finds a newer value or the close, however late it
/// looks.
struct WatchCore : WaitRoom {
  WatchCore() = default;
  ~WatchCore() { check_usage(readers == 0, "a Watch was destroyed while there are readers"); }

  /// Closes; the waits, to be woken by the caller.
  [[nodiscard]] WaitLine close() noexcept;

  std::uint64_t version = 0;
  std::size_t readers = 0;
  bool closed = false;
  WaitLine waiters;
};

template <class T>
class WatchReader;

/// A value that tasks look at, and wait for changes of. Readers see the newest value, not each.
///
/// Any number of setters and readers. A value is copied under the lock, as in a Broadcast.
///
/// @threads any; `set` never waits
/// @loses nothing: nothing of it waits
/// @owns it outlives its readers, and has the newest value
/// @errors `broken_pipe` after `close`
template <class T>
class Watch {
  static_assert(std::is_nothrow_copy_constructible_v<T> && std::is_nothrow_swappable_v<T> &&
                    std::is_nothrow_destructible_v<T>,
                "a watch copies its value under a lock, which must not throw; keep a "
                "std::shared_ptr<const T> in it");

 public:
  explicit Watch(T first) noexcept : value_(std::move(first)) {}

  /// Never waits, and allocates nothing.
  Result<void> set(T value) noexcept {
    WaitLine woken;
    {
      SpinGuard guard(core_.line_lock);
      if (core_.closed) return failure(EPIPE);
      std::swap(value_, value);  // What it was is destroyed after the lock.
      core_.version += 1;
      woken = LineWait::take_all(core_.waiters);
    }
    LineWait::wake_all(std::move(woken));
    return {};
  }
  [[nodiscard]] T get() const noexcept {
    SpinGuard guard(core_.line_lock);
    return value_;
  }
  /// One that waits for what comes after the value there is now.
  [[nodiscard]] WatchReader<T> subscribe() noexcept { return WatchReader<T>(*this); }
  void close() noexcept { LineWait::wake_all(core_.close()); }

 private:
  friend class WatchReader<T>;

  mutable WatchCore core_;
  T value_;
};

/// Follows a Watch. Move-only.
///
/// @threads any, one task at a time
/// @loses nothing: the value is still unseen
/// @owns each reader gets a copy of the newest value
/// @errors `broken_pipe` after `close`, once it has seen the last value
template <class T>
class WatchReader {
 public:
  using ChangeLeaf = LookWait<WatchReader>;

  WatchReader(WatchReader&& other) noexcept
      : of_(std::exchange(other.of_, nullptr)), seen_(other.seen_) {}
  WatchReader& operator=(WatchReader&& other) noexcept {
    if (this != &other) {
      drop();
      of_ = std::exchange(other.of_, nullptr);
      seen_ = other.seen_;
    }
    return *this;
  }
  ~WatchReader() { drop(); }

  /// Waits until the value is another one than the reader has seen, and yields the newest.
  [[nodiscard]] Await<ChangeLeaf> changed() noexcept {
    check_usage(of_ != nullptr, "a WatchReader was used after it was moved from");
    return Await<ChangeLeaf>(std::in_place, *this);
  }
  /// The newest value, which is seen then.
  [[nodiscard]] T get() noexcept {
    SpinGuard guard(room().line_lock);
    return look();
  }

 private:
  friend class Watch<T>;
  friend class LookWait<WatchReader>;

  explicit WatchReader(Watch<T>& of) noexcept : of_(&of) {
    SpinGuard guard(room().line_lock);
    core().readers += 1;
    seen_ = core().version;
  }

  [[nodiscard]] WatchCore& core() noexcept { return of_->core_; }
  [[nodiscard]] WaitRoom& room() noexcept { return core(); }
  // Under the lock.
  [[nodiscard]] WaitLine& line() noexcept { return core().waiters; }
  [[nodiscard]] bool is_due() noexcept { return seen_ != core().version || core().closed; }
  [[nodiscard]] T look() noexcept {
    seen_ = core().version;
    return of_->value_;
  }
  [[nodiscard]] Result<T> take() noexcept {
    if (seen_ == core().version) return failure(EPIPE);
    return look();
  }

  void drop() noexcept {
    if (of_ == nullptr) return;
    SpinGuard guard(room().line_lock);
    core().readers -= 1;
    of_ = nullptr;
  }

  Watch<T>* of_;
  std::uint64_t seen_ = 0;
};

}  // namespace rota::inline v0
