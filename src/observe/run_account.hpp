#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

#include <array>
#include <cstdint>

#include "observe/longest_slices.hpp"
#include "observe/site_table.hpp"

namespace rota::inline v0 {

// How long the runs of a worker's tasks last, and how long what is ready waits in its queue, by
// kind of task. Always on. Written by the carrier, or by a neighbour in its place; read by any
// thread. It has no clock of its own: it asks the caller's, a Driver for example, `now()` when a
// stamp is due.
//
// Run time
//   1. Reading the clock costs three times what the rest of a short run's account does, so short
//      runs share a stamp: up to `kGroup` of them, whose time is divided evenly.
//   2. Which runs are short is learned by kind. A kind is on probation at first: its runs are
//      stamped one by one until `kProbation` in a row took less than `kShortNs`. One that takes
//      longer begins that anew, so kinds whose runs are long are always measured exactly.
//   3. A kind that has been short for a while may turn long inside a group. Then the group's time
//      stands out, its kinds go on probation, and it is accounted as one long run among short ones
//      as before. The long one is ascribed to that of its kinds that has been long before, and if
//      none has, to the last; what is kept of it says among how many runs it was. Any group that
//      was held up is such a case too: by a preemption, or by a signal.
//   4. A group ends with its batch, before the worker does anything else.
//   5. Every run is counted once, also the one in which the worker was taken over: the taker
//      accounts for it, with what was unstamped before it, by `abandon`.
//
// Queue delay
//   6. One runnable at a time is the probe: its stamp is taken when it becomes ready here, and
//      matched when it is run here. So a Runnable needs no room for a stamp.
//   7. A match must be of the same stay in the queue. A thief may take the probe, and it may come
//      back, or another one at its address, when it was freed. Whatever enters the queue comes by
//      `note_ready`, which forgets a probe of the same address, or by a theft of this worker from
//      another, when its own queue is empty: the thief calls `forget_probe`.
//   8. Every `kSampleEvery`th is a probe, and none while there is one already. So that times of
//      long delays do not count for less, a sample counts for all that became ready until it ran.
//
// Not in it: what waits in an inbox or in the injector is not in the worker's queue yet.
//
// What it costs (bench_run_account): a run and a wake together 2.6 ns, of which the stamps are
// 1.1; with a stamp for each run it would be the clock's 30 ns more. A cycle counter is read in
// 40 % of the clock's time; as a stamp is shared by 32 runs, that is not worth its calibration.
class alignas(128) RunAccount {
 public:
  static constexpr std::uint32_t kGroup = 32;         // half a worker's batch
  static constexpr std::uint64_t kShortNs = 1000;     // 30 times the clock
  static constexpr std::uint32_t kSampleEvery = 61;   // prime, or it marches in step with tasks
  static constexpr std::uint64_t kBatchNs = 200'000;  // as long as a turn of the driver

  RunAccount() = default;
  RunAccount(const RunAccount&) = delete;
  RunAccount& operator=(const RunAccount&) = delete;

  // --- The carrier, or whoever is in its place -------------------------------------------------

  void begin_batch(Instant now) noexcept { batch_began_ = stamped_ = now; }
  template <class Clock>
  void begin_run(const Runnable& runnable, const Clock& clock) noexcept {
    const SpawnLabel label = runnable.task->label;
    TaskKind& kind = kinds_.find(label.site(), [label] { return label.name(); });
    if (kind.probation != 0) [[unlikely]] {
      if (runs_ != 0) stamp(clock.now());
      name_ = TaskName(label.name());  // The task may be gone when the run ends.
    }
    if (&runnable == probe_) [[unlikely]]
      end_probe(kind, clock.now());
    if (kind.unstamped++ == 0) group_[kinds_in_group_++] = &kind;
    last_ = &kind;
    ++runs_;
  }
  /// Whether the batch has lasted for as long as it may.
  template <class Clock>
  [[nodiscard]] bool end_run(const Clock& clock) noexcept {
    if (runs_ < kGroup && last_->probation == 0) [[likely]]
      return false;
    stamp(clock.now());
    return (stamped_ - batch_began_).ns > std::int64_t{kBatchNs};
  }
  template <class Clock>
  void end_batch(const Clock& clock) noexcept {
    if (runs_ != 0) stamp(clock.now());
  }
  /// By the first carrier, and by one that comes after another was left behind in a task.
  template <class Clock>
  void abandon(const Clock& clock) noexcept {
    if (runs_ != 0) [[unlikely]]
      stamp(clock.now(), LongOne::last);
  }

  /// Before it is put into the queue.
  template <class Clock>
  void note_ready(const Runnable& runnable, const Clock& clock) noexcept {
    ++ready_;
    if (&runnable == probe_) [[unlikely]]
      forget_probe();
    if (ready_ >= next_probe_) [[unlikely]]
      begin_probe(runnable, clock.now());
  }
  /// The queue is empty.
  void forget_probe() noexcept {
    if (probe_ == nullptr) return;
    probe_ = nullptr;
    next_probe_ = ready_ + kSampleEvery;
  }

  // --- Any thread -------------------------------------------------------------------------------

  /// Of the last runs, each of which counts a tenth. For thieves.
  [[nodiscard]] std::uint64_t average_run_ns() const noexcept {
    return average_run_ns_.load(MemoryOrder::relaxed);
  }
  [[nodiscard]] const SiteTable& kinds() const noexcept { return kinds_; }
  [[nodiscard]] const LongestSlices& longest() const noexcept { return longest_; }

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  /// Which one was, when a group took too long for short runs.
  enum class LongOne : std::uint8_t { likely, last };

  void stamp(Instant now, LongOne which = LongOne::likely) noexcept;
  void account_alone(std::uint64_t spent_ns) noexcept;
  void account_evenly(std::uint64_t spent_ns) noexcept;
  void account_as_one_long(std::uint64_t spent_ns, TaskKind& suspect) noexcept;
  [[nodiscard]] TaskKind& likely_long() const noexcept;
  void begin_probe(const Runnable& runnable, Instant now) noexcept;
  void end_probe(TaskKind& kind, Instant now) noexcept;

  // Of the runs since the last stamp.
  std::uint32_t runs_ = 0;
  std::uint32_t kinds_in_group_ = 0;
  TaskKind* last_ = nullptr;
  Instant stamped_;
  Instant batch_began_;
  // How often something became ready, when the next probe begins, and the one that there is.
  std::uint64_t ready_ = 0;
  std::uint64_t next_probe_ = 1;
  const Runnable* probe_ = nullptr;
  Instant probe_began_;
  std::uint64_t ready_before_probe_ = 0;

  std::array<TaskKind*, kGroup> group_{};
  std::uint64_t short_run_ns_ = 0;  // of the last group of short ones, each
  TaskName name_;                   // of the task whose run is stamped alone
  LongestSlices longest_;
  SiteTable kinds_;

  // Written by the carrier at each stamp, read by thieves.
  alignas(128) Atomic<std::uint64_t> average_run_ns_{0};
};

}  // namespace rota::inline v0
