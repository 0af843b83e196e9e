#pragma once

#include "sched/run_ring.hpp"
#include "sched/scheduler.hpp"
#include "sched/shared_work.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace rota::inline v0 {

/// Workers that steal from each other: a task runs wherever somebody has time for it.
///
/// Rules
///   1. A worker with nothing to run searches: the injector, then the queues of the others, nearest
///      first, and in the end also what they have forked and the slots of the tasks that are next.
///      At most half of the workers search at a time; whoever finds something as the last searcher
///      rouses another (chained wakes), so one wake at a time spreads what there is. It ends its
///      search before it runs anything, or those who leave their work to the searcher would wait
///      for a task.
///      It takes half of a queue, for one theft is to keep it busy; but one where the victim's
///      tasks have been long, or the rest would wait behind it as it did before.
///   2. Before it sleeps it announces that and looks once more at everything (idle_set.hpp).
///   3. Whoever makes work for others, by a push to the injector, by running a task while others
///      wait behind it, or by a fork when nothing else of its own is left to steal, rouses one idle
///      worker, unless somebody searches.
///   4. A worker inside a long task delays nobody's I/O while another worker has time: that one
///      tends it (Worker::try_tend), and steals what became ready. For this a worker looks from
///      time to time whether the tick of another one has not moved: a busy one between its own
///      tasks, an idle one by sleeping no longer than `watch`. Two idle ones at most keep such a
///      watch, and only as long as somebody was awake a short while ago; who wakes to run a task
///      and finds that nobody keeps it rouses one who does from then on.
///   5. A worker that spins looks at ticks as a busy one does, and at slots only then, not in each
///      of its many rounds: most tasks that are next run at once, their message in the cache.
class StealingScheduler final : public Scheduler {
 public:
  struct Limits {
    Duration watch;      ///< how long a task may run before its worker is tended, at the most
                         ///< twice that; zero: it is not
    Duration steal_one;  ///< from a victim whose tasks run for longer on average a thief takes one;
                         ///< zero: always half
  };
  StealingScheduler(SharedWork& shared, Limits limits) noexcept
      : shared_(shared), watch_(limits.watch), steal_one_(limits.steal_one) {}
  /// Once, before the first worker runs. `victims` has, for each worker, the others in the order in
  /// which it looks at them.
  void attach(std::span<Worker* const> workers, std::vector<std::vector<std::uint16_t>> victims);

  Worker& place(const TaskHeader& task) noexcept override;
  void admit(Runnable& runnable) noexcept override;
  void between_turns(Worker& worker) noexcept override;
  Deadline before_sleep(Worker& worker) noexcept override;
  void after_sleep(Worker& worker) noexcept override;
  void before_run(Worker& worker) noexcept override;
  void surplus(Worker& worker) noexcept override;

  /// How many idle workers keep watch: while none does, none that sleeps looks at the others. Any
  /// thread.
  [[nodiscard]] std::uint32_t watchers() const noexcept {
    return watchers_.load(MemoryOrder::relaxed);
  }

 private:
  /// What the scheduler keeps of each worker; the worker's own.
  struct alignas(128) State {
    std::vector<std::uint16_t> victims;
    std::vector<std::uint64_t> ticks;  // of all workers, when it last looked
    IdleSet::Role role = IdleSet::Role::busy;
    bool keeps_watch = false;
    std::uint32_t quiet_looks = 0;  // in a row, while idle, that found all others asleep
    std::uint32_t passes = 0;
    Instant looked;  // at the ticks, while awake
  };
  static constexpr std::size_t kInjectorShare = 32;    // at most, of what is in the injector
  static constexpr std::uint32_t kPassesPerLook = 16;  // between two looks at the clock
  // Two, so that one is left when the other finds something to run: rousing costs more than both.
  static constexpr std::uint32_t kMostWatchers = 2;
  // The last of them is 8 `watch` after the first. Less would rouse a watcher for each of the
  // events that come a hundred times a second.
  static constexpr std::uint32_t kQuietLooks = 4;

  [[nodiscard]] State& state_of(const Worker& worker) noexcept;
  [[nodiscard]] bool take_injected(Worker& worker) noexcept;
  [[nodiscard]] bool search(Worker& worker) noexcept;
  [[nodiscard]] bool steal(Worker& worker, const State& state) noexcept;
  [[nodiscard]] bool steal_fork(Worker& worker, const State& state) noexcept;
  [[nodiscard]] bool steal_slot(Worker& worker, const State& state) noexcept;
  void take_stolen(Worker& worker, Runnable& stolen) noexcept;
  [[nodiscard]] StealAmount amount_from(const Worker& victim) const noexcept;
  void found(Worker& worker, State& state) noexcept;
  [[nodiscard]] bool is_work_left() const noexcept;
  void rouse_one(std::span<const std::uint16_t> near) noexcept;

  void see_to_watch(const State& state) noexcept;
  [[nodiscard]] bool is_look_due(Worker& worker, State& state) noexcept;
  void look_at_ticks(const Worker& watcher, State& state) noexcept;
  [[nodiscard]] bool others_awake(const Worker& worker) const noexcept;
  [[nodiscard]] Deadline next_look(Worker& worker, State& state) noexcept;
  [[nodiscard]] bool try_keep_watch(State& state) noexcept;

  SharedWork& shared_;
  const Duration watch_;
  const Duration steal_one_;
  std::span<Worker* const> workers_;
  std::vector<State> states_;

  // How many idle workers keep watch. Written by these.
  alignas(128) Atomic<std::uint32_t> watchers_{0};
};

}  // namespace rota::inline v0
