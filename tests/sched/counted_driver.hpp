#pragma once

#include "driver/driver.hpp"

#include <rota/core/atomic.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace rota::testing_sched {

/// A driver that has no I/O, counts what is asked of it, and has a clock that a test sets. A turn
/// that may sleep does so until it was woken, and until the test lets sleepers go.
class CountedDriver final : public Driver {
 public:
  void turn(OpList, Deadline until, OpList&) override {
    ++turns_;
    if (until.is_now()) return;
    std::unique_lock lock(mutex_);
    ++sleeps_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return woken_ && !holds_; });
    woken_ = false;
  }
  void cancel(Operation&) override {}
  void wake() noexcept override {
    ++wakes_;
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] const DriverTraits& traits() const noexcept override { return traits_; }
  [[nodiscard]] Instant now() const noexcept override {
    ++looks_;
    return Instant{now_ns_};
  }

  /// By a test. Sleepers stay in their turn, whatever wakes them.
  void hold() { set_holds(true); }
  void let_go() { set_holds(false); }
  /// Until so many turns have begun to sleep.
  void await_sleeps(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleeps_ >= count; });
  }
  void pass_time(Duration span) { now_ns_ += span.ns; }

  [[nodiscard]] int sleeps() {
    std::lock_guard lock(mutex_);
    return sleeps_;
  }
  [[nodiscard]] int turns() const { return turns_; }
  [[nodiscard]] int wakes() const { return wakes_; }
  /// How often the clock was read: at least once in each pass of a spin.
  [[nodiscard]] int looks() const { return looks_; }

 private:
  using Driver::let_go;

  void set_holds(bool holds) {
    std::lock_guard lock(mutex_);
    holds_ = holds;
    changed_.notify_all();
  }

  DriverTraits traits_{.name = "counted",
                       .tries_first = false,
                       .tries_lone_reads = false,
                       .watches_edges = false,
                       .nonblocking_fds = true,
                       .any_carrier = true,
                       .lets_go = true,
                       .receives_ahead = false,
                       .gives_places = false,
                       .virtual_clock = false};
  std::atomic<int> turns_ = 0;
  std::atomic<int> wakes_ = 0;
  mutable std::atomic<int> looks_ = 0;
  std::atomic<std::int64_t> now_ns_ = 1'000'000'000;
  std::mutex mutex_;
  std::condition_variable changed_;
  int sleeps_ = 0;
  bool woken_ = false;
  bool holds_ = false;
};

}  // namespace rota::testing_sched
