#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/throwing.hpp>
#include <rota/core/timer_entry.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>

#include <cerrno>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// The leaf of `sleep` and `sleep_until`.
class SleepLeaf : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit SleepLeaf(Duration span, Slack slack = {}) noexcept
      : span_(span), slack_(slack), timer_(fire) {}
  explicit SleepLeaf(Instant due, Slack slack = {}) noexcept
      : absolute_(true), span_(due.ns), slack_(slack), timer_(fire) {}

  bool start(Runnable& self) noexcept;
  void refuse() noexcept { stopped_ = true; }
  Result<void> finish() const noexcept;

 private:
  struct Timer : TimerEntry {
    explicit Timer(Fire on_due) noexcept : TimerEntry(on_due) {}
    SleepLeaf* leaf = nullptr;
  };
  static void fire(TimerEntry& entry) noexcept;
  void stop() noexcept;

  bool absolute_ = false;
  bool stopped_ = false;
  Duration span_;
  Slack slack_;
  Timer timer_;
};

/// Parks the task for at least `span`, never less; from any std::chrono duration. Timers are exact
/// to the wake of the thread: a span of 50 µs is not rounded up to a tick of anything.
///
/// @threads one task
/// @loses nothing
/// @owns the timer is part of the wait
/// @errors none
inline Await<SleepLeaf> sleep(Duration span, Slack slack = {}) noexcept {
  return Await<SleepLeaf>(std::in_place, span, slack);
}
/// The same until a moment of `now()`.
///
/// @as sleep
inline Await<SleepLeaf> sleep_until(Instant due, Slack slack = {}) noexcept {
  return Await<SleepLeaf>(std::in_place, due, slack);
}

/// The current worker's clock: monotonic, or virtual under simulation. Only in a task.
[[nodiscard]] Instant now() noexcept;

/// Lets the other ready tasks run first.
class YieldLeaf {
 public:
  static constexpr bool only_yields = true;

  bool start(Runnable& self) noexcept {
    requeue(self);
    return true;
  }
  void finish() const noexcept {}
};
/// Lets the other ready tasks of the worker run first.
///
/// @threads one task
/// @loses nothing: a stop does not end it
/// @owns nothing
/// @errors none, nor `operation_canceled`
inline Await<YieldLeaf> yield() noexcept { return Await<YieldLeaf>(std::in_place); }

/// A region that a timer stops.
class TimeoutRegion : public StopRegion {
 public:
  TimeoutRegion() noexcept : timer_(fire) {}

  void arm(const Runnable& self, Instant due) noexcept;
  void disarm() noexcept { disarm_timer(*armed_by_, timer_); }
  [[nodiscard]] bool expired() const noexcept { return expired_; }

 private:
  struct Timer : TimerEntry {
    explicit Timer(Fire on_due) noexcept : TimerEntry(on_due) {}
    TimeoutRegion* region = nullptr;
  };
  static void fire(TimerEntry& entry) noexcept;

  Timer timer_;
  Worker* armed_by_ = nullptr;
  TaskHeader* task_ = nullptr;
  bool expired_ = false;
};

/// Arms, and later disarms, the timer of a region, on the home worker.
class TimeoutArmLeaf {
 public:
  TimeoutArmLeaf(TimeoutRegion& region, Instant due) noexcept : region_(region), due_(due) {}
  bool start(Runnable& self) noexcept {
    region_.arm(self, due_);
    return false;
  }
  void finish() const noexcept {}

 private:
  TimeoutRegion& region_;
  Instant due_;
};
/// The other half.
class TimeoutDisarmLeaf {
 public:
  explicit TimeoutDisarmLeaf(TimeoutRegion& region) noexcept : region_(region) {}
  bool start(Runnable&) noexcept {
    region_.disarm();
    return false;
  }
  void finish() const noexcept {}

 private:
  TimeoutRegion& region_;
};

/// What is yielded under a limit: a Result, also where there was none.
template <class T>
struct TimedResult {
  using type = Result<T>;
};
template <class T>
struct TimedResult<Result<T>> {
  using type = Result<T>;
};

/// Whether what a wait yielded is its cancellation.
template <class T>
[[nodiscard]] bool was_canceled(const Result<T>& result) noexcept {
  return !result && is_canceled(result.error());
}
template <class J>
  requires requires { J::Kind::stopped; }
[[nodiscard]] bool was_canceled(const J& joined) noexcept {
  return joined.kind() == J::Kind::stopped;
}

/// A leaf that a deadline can end: what it yields can say that it was cancelled.
template <class L>
concept TimeableLeaf = LeafType<L> && requires(L& leaf) { was_canceled(leaf.finish()); };

/// The untyped part of a leaf under a deadline. The leaf wakes `door_` in its task's place: so the
/// timer is disarmed and the region closed at home, before the task goes on.
class TimedWait {
 public:
  explicit TimedWait(Duration limit) noexcept : limit_(limit) {}
  explicit TimedWait(Instant due) noexcept : absolute_(true), limit_(due.ns) {}

  /// Opens the region. Yields whom the leaf has to wake. Like the next two: inside the bracket.
  [[nodiscard]] Runnable& open(Runnable& self) noexcept;
  /// The leaf has parked.
  void arm() noexcept;
  /// The leaf was complete at once, so no timer was needed.
  void close() noexcept;
  [[nodiscard]] bool expired() const noexcept { return region_.expired(); }

 private:
  struct Door : Runnable {
    TimedWait* wait = nullptr;
  };
  static void pass(Runnable& door) noexcept;

  bool absolute_ = false;
  // Written by the worker that starts the leaf, read by the one that the task is woken on.
  Atomic<bool> is_armed_{false};
  Duration limit_;
  TimeoutRegion region_;
  Door door_;
  Runnable* waiter_ = nullptr;
};

/// A leaf under a deadline. No frame: it stands beside the leaf, in whatever awaits both.
template <class L>
class TimedLeaf {
 public:
  static constexpr CancelLoss loses = loss_of<L>;
  using Waited = decltype(std::declval<L&>().finish());
  using Timed = typename TimedResult<Waited>::type;

  TimedLeaf(L& leaf, Duration limit) noexcept : leaf_(leaf), wait_(limit) {}
  TimedLeaf(L& leaf, Instant due) noexcept : leaf_(leaf), wait_(due) {}

  bool start(Runnable& self) noexcept {
    if (leaf_.start(wait_.open(self))) {
      wait_.arm();
      return true;
    }
    wait_.close();
    return false;
  }
  void refuse() noexcept
    requires RefusableLeaf<L>
  {
    leaf_.refuse();
  }
  Timed finish() {
    Waited result = leaf_.finish();
    if (wait_.expired() && was_canceled(result)) return failure(ETIMEDOUT);
    return result;
  }

 private:
  L& leaf_;
  TimedWait wait_;
};

/// What a leaf under a deadline is awaited by. It refers to the awaited object that it was made
/// of, so it must be awaited in the expression that makes it; one with a name does not compile.
template <class L>
class [[nodiscard]] TimedAwait : public Await<TimedLeaf<L>> {
 public:
  using Await<TimedLeaf<L>>::Await;

  class Awaiter {
   public:
    explicit Awaiter(TimedAwait& awaited) noexcept : awaited_(awaited) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
      requires std::is_base_of_v<Runnable, Promise>
    bool await_suspend(std::coroutine_handle<Promise> frame) noexcept {
      return awaited_.await_suspend(frame);
    }
    decltype(auto) await_resume() { return awaited_.await_resume(); }

   private:
    TimedAwait& awaited_;
  };
  Awaiter operator co_await() && noexcept { return Awaiter(*this); }
  Awaiter operator co_await() & = delete;
};

/// Waits until `due` at the latest, then cancels the wait: `co_await with_deadline(due,
/// stream.read(buffer))`, in one expression. What the wait yields stays as it is, success at the
/// last moment too; a join yields a Result of what it yields. A deadline in the past still takes
/// what is complete at once. Allocates nothing, and sets no timer before the task parks.
///
/// @threads as the wait
/// @loses what the wait loses
/// @owns the timer is part of the wait
/// @errors those of the wait; `timed_out` in the place of the cancellation that the deadline causes
template <TimeableLeaf L>
[[nodiscard]] TimedAwait<L> with_deadline(Instant due, Await<L>&& wait) noexcept {
  return TimedAwait<L>(std::in_place, wait.leaf(), due);
}
/// `with_deadline` counted from when the wait begins.
///
/// @as with_deadline(due, wait)
template <TimeableLeaf L>
[[nodiscard]] TimedAwait<L> timeout(Duration limit, Await<L>&& wait) noexcept {
  return TimedAwait<L>(std::in_place, wait.leaf(), limit);
}

/// Runs `task` until it ends, or asks it to stop at `due` and waits for its end. A task that
/// yields a Result keeps it, unless that is its cancellation by the deadline; what another task
/// yields after the deadline is dropped.
///
/// @threads one task
/// @loses what the task loses: it is stopped and awaited
/// @owns the task, until it has ended
/// @errors those of the task; `timed_out` in the place of the cancellation that the deadline
/// causes, and after the deadline also when the task has no errors of its own
template <class T>
Task<typename TimedResult<T>::type> with_deadline(Instant due, Task<T> task) {
  using Timed = typename TimedResult<T>::type;
  TimeoutRegion region;
  std::exception_ptr failed;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
  {
    RegionGuard guard(region);
    co_await Await<TimeoutArmLeaf>(std::in_place, region, due);
    ROTA_TRY {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
      } else {
        T value = co_await std::move(task);
        result.emplace(std::move(value));
      }
    }
    ROTA_CATCH_ALL { failed = std::current_exception(); }
    co_await Await<TimeoutDisarmLeaf>(std::in_place, region);
  }
  if (failed != nullptr) std::rethrow_exception(failed);
  if constexpr (std::is_same_v<T, Timed>) {
    if (!*result && region.expired() && is_canceled(result->error())) {
      co_return Timed(failure(ETIMEDOUT));
    }
    co_return std::move(*result);
  } else {
    if (region.expired()) co_return Timed(failure(ETIMEDOUT));
    if constexpr (std::is_void_v<T>) {
      co_return Timed();
    } else {
      co_return Timed(std::move(*result));
    }
  }
}

/// `with_deadline` counted from when it begins to run.
///
/// @as with_deadline(due, task)
template <class T>
Task<typename TimedResult<T>::type> timeout(Duration limit, Task<T> task) {
  using Timed = typename TimedResult<T>::type;
  Task<Timed> timed = with_deadline(now() + limit, std::move(task));
  Timed result = co_await std::move(timed);
  co_return result;
}

}  // namespace rota::inline v0
