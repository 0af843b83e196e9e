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
///      first, and on its last round also the slot of the task that is next. At most half of the
///      workers search at a time; whoever finds something as the last searcher rouses another
///      (chained wakes), so one wake at a time spreads what there is.
///      It takes half of a queue, for one theft is to keep it busy; but one where the victim's
///      tasks have been long, or the rest would wait behind it as it did before.
///   2. Before it sleeps it announces that and looks once more at everything (idle_set.hpp).
///   3. Whoever makes work for others, by a push to the injector or by running a task while others
///      wait behind it, rouses one idle worker, unless somebody searches.
///   4. A worker inside a long task delays nobody's I/O while another worker has time: that one
///      tends it (Worker::try_tend), and steals what became ready. One worker at a time is the
///      watch: it looks every `watch` whether somebody's tick has not moved. An idle worker that
///      has the watch sleeps no longer than that, and gives it up when all have slept for a while;
///      a worker that wakes to run a task then sees to it that there is a watch. Where all are
///      busy, each looks from time to time between its own tasks.
class StealingScheduler final : public Scheduler {
 public:
  struct Limits {
    Duration watch;      ///< how long a task may run before its worker is tended; zero: for ever
    Duration steal_one;  ///< how long a victim's tasks run on average for a thief to take one
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
  void surplus(Worker& worker) noexcept override;

 private:
  /// What the scheduler keeps of each worker; the worker's own.
  struct alignas(128) State {
    std::vector<std::uint16_t> victims;
    IdleSet::Role role = IdleSet::Role::busy;
    std::uint32_t passes = 0;
    Instant looked;  // at the ticks of the others, while busy
  };
  static constexpr std::size_t kInjectorShare = 32;    // at most, of what is in the injector
  static constexpr std::uint32_t kPassesPerLook = 16;  // between two looks at the clock
  static constexpr std::uint32_t kQuietLooks = 4;      // all asleep, before the watch ends
  static constexpr std::int32_t kNobody = -1;

  [[nodiscard]] State& state_of(const Worker& worker) noexcept;
  [[nodiscard]] bool take_injected(Worker& worker) noexcept;
  [[nodiscard]] bool search(Worker& worker) noexcept;
  [[nodiscard]] bool steal(Worker& worker, State& state) noexcept;
  [[nodiscard]] StealAmount amount_from(const Worker& victim) const noexcept;
  void found(Worker& worker, State& state) noexcept;
  [[nodiscard]] bool is_work_left() const noexcept;
  void rouse_one(std::span<const std::uint16_t> near) noexcept;

  [[nodiscard]] bool has_watch(const Worker& worker) const noexcept;
  [[nodiscard]] bool take_watch(const Worker& worker) noexcept;
  void give_up_watch() noexcept;
  void see_to_watch(const State& state) noexcept;
  void look_at_ticks(const Worker& watcher) noexcept;
  [[nodiscard]] bool others_awake(const Worker& worker) const noexcept;
  [[nodiscard]] Deadline next_look(Worker& worker) noexcept;

  SharedWork& shared_;
  const Duration watch_;
  const Duration steal_one_;
  std::span<Worker* const> workers_;
  std::vector<State> states_;

  // Who has the watch. Written by whoever takes it (compare-and-swap) and by its holder.
  alignas(128) Atomic<std::int32_t> watch_holder_{kNobody};
  // The holder's, handed on with the watch.
  std::vector<std::uint64_t> ticks_;
  std::uint32_t quiet_looks_ = 0;
};

}  // namespace rota::inline v0
