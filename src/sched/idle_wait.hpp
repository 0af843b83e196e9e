#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/instant.hpp>

#include "driver/driver.hpp"
#include "sched/wait_rule.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What a worker does in a pass of its loop in which it has nothing to run: it sleeps in its
/// driver, or it spins, which is a pass that neither announces a sleep nor sleeps.
///
/// Rules
///   1. A spin begins with the first such pass after a task has run, and has its end. The worker
///      then sleeps until it has a task again: what ends a sleep without one (a stale wake, a look
///      at what others do) begins no spin. So an idle runtime comes to rest, and stays there.
///   2. A worker that spins is a running one for everybody else: posters make no system call, and a
///      scheduler that counts searchers has it among them. The order of these looks proves nothing
///      and need not: the next one comes soon, and after the last one the worker announces its
///      sleep, and looks again, as one does that never spins (park_word.hpp).
///   3. Each pass looks at what others publish in memory, and at the timers. It turns the driver if
///      that has operations to start or tells from memory of news; where only a system call tells,
///      once per `kTurnEvery`, so that most looks cost none.
///   4. Who waits for all workers to sleep (QuietWait) ends all spins: `RuntimeCore::is_awaited`.
///   5. Where spinning workers may be all that the CPUs have (`WaitRule::gives_way`), every
///      `kPassesPerWay`-th pass without a task leaves the CPU to whoever waits for one.
class IdleWait {
 public:
  /// `look`: at what is in memory. `give_way`: the same, and then to other threads. `turn`: of the
  /// driver, without a sleep.
  enum class Step : std::uint8_t { look, give_way, turn, sleep };

  /// A turn that finds nothing takes a readiness driver 0.2 to 0.5 µs: at this pace the worker is
  /// in the kernel for a third of its spin at most, and an event waits for half of it on average,
  /// a tenth of what a wake costs.
  static constexpr Duration kTurnEvery{1'000};

  /// Some 5 µs: to give way to nobody takes a tenth of that, and a thread that has work waits as
  /// long for each worker that spins before it, instead of a slice of the kernel's, which is
  /// milliseconds.
  static constexpr std::uint32_t kPassesPerWay = 64;

  explicit IdleWait(WaitRule rule) noexcept : rule_(rule) {}

  [[nodiscard]] bool may_spin() const noexcept {
    return rule_.waiting == Waiting::busy_poll || rule_.spin > Duration{};
  }
  /// Whether the last step was one of a spin.
  [[nodiscard]] bool spins() const noexcept { return spins_; }
  /// The time of the last step, where it may spin.
  [[nodiscard]] Instant now() const noexcept { return now_; }

  /// The next step where it may spin. `tasks_run`: since the worker was made.
  [[nodiscard]] Step next(std::uint64_t tasks_run, Driver::News news, Instant now) noexcept {
    now_ = now;
    if (tasks_run != tasks_run_) {
      tasks_run_ = tasks_run;
      until_ = now + rule_.spin;
      passes_ = 0;
    }
    spins_ = rule_.waiting == Waiting::busy_poll || now < until_;
    if (!spins_) return Step::sleep;
    if (rule_.gives_way && ++passes_ % kPassesPerWay == 0) return Step::give_way;
    const bool due = news == Driver::News::unknown && now - turned_ >= kTurnEvery;
    if (due || news == Driver::News::some) {
      turned_ = now;
      return Step::turn;
    }
    spin_pause();
    return Step::look;
  }
  /// Somebody waits for this worker to sleep.
  void give_up() noexcept { spins_ = false; }

 private:
  const WaitRule rule_;
  bool spins_ = false;
  std::uint64_t tasks_run_ = 0;  // when the last spin began
  std::uint32_t passes_ = 0;     // since then, where it gives way
  Instant until_;                // its end
  Instant turned_;
  Instant now_;
};

}  // namespace rota::inline v0
