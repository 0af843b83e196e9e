#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "observe/longest_slices.hpp"
#include "observe/site_table.hpp"

namespace rota::inline v0 {

// How long the runs of a worker's tasks last, and how long what is ready waits in its queue, by
// kind of task. Always on. Written by the carrier, or by a neighbour in its place; read by any
// thread. It has no clock of its own: it asks the caller's, a Driver for example, `now()` when a
// stamp is due.
//
// Run time
//   1. Reading the clock costs more than a short run, so short runs share a stamp: up to `kGroup`
//      of them, whose time is divided evenly.
//   2. Which runs are short is learned by kind. A kind is on probation at first: its runs are
//      stamped one by one until `kProbation` in a row took less than `kShortNs`. One that takes
//      longer begins that anew, so kinds whose runs are long are always measured exactly.
//   3. A kind that has been short for a while may turn long inside a group. Then the group's time
//      stands out, its kinds go on probation, and it is accounted as one long run among short ones
//      as before. The long one is ascribed to that of its kinds that has been long before, and if
//      none has, to the last that ran; what is kept of it says among how many runs it was. A group
//      that was held up by the kernel looks the same.
//   4. A group ends before the worker does anything but run tasks: `pause`. What a neighbour does
//      in the carrier's place while a run goes on ends none: `tend`.
//   5. Every run is counted once, also the one in which the worker was taken over: the next carrier
//      begins with it, and it is the last of its group.
//
// Queue delay
//   6. One runnable at a time is the probe: its stamp is taken when it becomes ready here, and
//      matched when it is run here. So a Runnable needs no room for a stamp.
//   7. A match must be of the same stay in the queue. A thief may take the probe, and it may come
//      back, or another one at its address, when it was freed. Whatever enters the queue comes by
//      `note_ready`, which forgets a probe of the same address, or by a theft of this worker from
//      another, when its own queue is empty: whoever finds it empty calls `run_dry`, which forgets.
//   8. Every `kSampleEvery`th is a probe, and none while there is one already. So that times of
//      long delays do not count for less, a sample counts for all that became ready until it ran.
//
// Not in it: what waits in an inbox or in the injector is not in the worker's queue yet. A probe
// that is stolen is lost: the thief takes up to half a ring and would have to look at each of them
// for a stamp that the victim writes meanwhile, or every Runnable would have to carry its own.
//
// What it costs, measured by bench_run_account on a busy machine: 4.2 to 4.7 ns for a wake and a
// run of one kind, 5.5 to 8.6 ns where each run is of another kind than the last, eight of them,
// while a read of the clock took 29 ns. A cycle counter took 40 % of that; as 64 runs share a
// stamp, it would save 0.3 ns of a run, and need a calibration.
class alignas(128) RunAccount {
 public:
  static constexpr std::uint32_t kGroup = 64;         // a worker's batch
  static constexpr std::uint64_t kShortNs = 1000;     // 30 times the clock
  static constexpr std::uint32_t kSampleEvery = 251;  // prime, or it marches in step with tasks
  static constexpr std::uint64_t kBatchNs = 200'000;  // as long as a turn of the driver

  RunAccount() = default;
  RunAccount(const RunAccount&) = delete;
  RunAccount& operator=(const RunAccount&) = delete;

  // --- The carrier, or whoever is in its place -------------------------------------------------

  /// Before a carrier runs the worker: one before it may have been left behind in a run.
  template <class Clock>
  void begin_carry(const Clock& clock) noexcept {
    if (runs_ != 0) [[unlikely]]
      stamp(clock.now());
  }
  /// Before the worker does anything but run tasks; the next batch begins anew.
  template <class Clock>
  void pause(const Clock& clock) noexcept {
    if (tended_) return;
    if (runs_ != 0) stamp(clock.now());
    paused_ = true;
  }
  template <class Clock>
  void begin_batch(const Clock& clock) noexcept {
    if (paused_) stamped_ = clock.now();
    paused_ = false;
    batch_began_ = stamped_;
  }
  template <class Clock>
  [[gnu::always_inline]] void begin_run(const Runnable& runnable, const Clock& clock) noexcept {
    const SpawnLabel label = runnable.task->label;
    const std::uintptr_t key = SiteTable::key_of(label.site());
    Recent& kind = recent_[place_of(key)];
    if (kind.key != key) [[unlikely]]
      bring(kind, label, clock);
    if (&runnable == probe_) [[unlikely]]
      end_probe(*kind.kind, clock);
    last_ = &kind;
    kind.runs += 1;
    runs_ += 1;
  }
  /// Whether the batch has lasted for as long as the driver and the timers may wait.
  template <class Clock>
  [[nodiscard, gnu::always_inline]] bool end_run(const Clock& clock) noexcept {
    if (runs_ < most_runs_) [[likely]]
      return false;
    return end_group(clock);
  }
  /// By a neighbour, around what it does in the carrier's place.
  template <class Work>
  void tend(Work&& work) noexcept {
    tended_ = true;
    work();
    tended_ = false;
  }

  /// Before it is put into the queue.
  template <class Clock>
  void note_ready(const Runnable& runnable, const Clock& clock) noexcept {
    if (&runnable == probe_) [[unlikely]]
      forget_probe();
    if (--until_probe_ == 0) [[unlikely]]
      begin_probe(runnable, clock);
  }
  /// The queue is empty: a probe was stolen. To look for something to run is no run.
  template <class Clock>
  void run_dry(const Clock& clock) noexcept {
    pause(clock);
    forget_probe();
  }

  // --- Any thread -------------------------------------------------------------------------------

  /// Of the last runs, each of which counts a tenth. For thieves.
  [[nodiscard]] std::uint64_t average_run_ns() const noexcept {
    return average_run_ns_.load(MemoryOrder::relaxed);
  }
  [[nodiscard]] const SiteTable& kinds() const noexcept { return kinds_; }
  [[nodiscard]] const LongestSlices& longest() const noexcept { return longest_; }

 private:
  void forget_probe() noexcept {
    if (probe_ == nullptr) return;
    probe_ = nullptr;
    until_probe_ = kSampleEvery;
  }

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  static constexpr std::uintptr_t kNoKey = 1;

  // A kind that ran since the last stamp. A few of them are at hand, so that runs of kinds that
  // take turns, as a task and what it waits for do, are counted by one addition each.
  struct Recent {
    std::uintptr_t key = kNoKey;
    TaskKind* kind = nullptr;
    std::uint32_t runs = 0;  // not in its `unstamped` yet
  };
  static constexpr std::size_t kRecent = 8;

  // Sites are neighbours in read-only memory, 24 bytes apart: three places.
  static std::size_t place_of(std::uintptr_t key) noexcept { return key / 8 % kRecent; }
  // Puts a kind in the place of another, or of itself after a run that had its group to itself, as
  // the runs of one on probation have.
  template <class Clock>
  [[gnu::noinline]] void bring(Recent& place, SpawnLabel label, const Clock& clock) noexcept {
    const std::uintptr_t key = SiteTable::key_of(label.site());
    const bool is_there = place.kind != nullptr && SiteTable::key_of(place.kind->site) == key;
    TaskKind& kind = is_there ? *place.kind : kinds_.find(label);
    if (kind.probation != 0) [[unlikely]]
      begin_alone(label, clock);
    gather(place);
    place = {key, &kind, 0};
  }
  void gather(const Recent& place) noexcept {
    if (place.runs == 0) return;
    if (place.kind->unstamped == 0) group_[kinds_in_group_++] = place.kind;
    place.kind->unstamped += place.runs;
  }
  // What is seldom is kept out of the worker's loop.
  template <class Clock>
  [[gnu::noinline]] void begin_alone(SpawnLabel label, const Clock& clock) noexcept {
    if (runs_ != 0) stamp(clock.now());
    most_runs_ = 1;
    name_.assign(label.name());  // The task may be gone when the run ends.
  }
  template <class Clock>
  [[gnu::noinline]] bool end_group(const Clock& clock) noexcept {
    stamp(clock.now());
    return (stamped_ - batch_began_).ns > std::int64_t{kBatchNs};
  }
  template <class Clock>
  [[gnu::noinline]] void begin_probe(const Runnable& runnable, const Clock& clock) noexcept {
    probe_ = &runnable;
    probe_began_ = clock.now();
    until_probe_ = kNever;
  }
  template <class Clock>
  [[gnu::noinline]] void end_probe(TaskKind& kind, const Clock& clock) noexcept {
    record_wait(kind, clock.now() - probe_began_);
    forget_probe();
  }

  void stamp(Instant now) noexcept;
  [[nodiscard]] std::span<TaskKind* const> kinds_in_group() const noexcept;
  void end_lone_run(std::uint64_t spent_ns) noexcept;
  void end_runs(std::uint64_t spent_ns) noexcept;
  void account_alone(TaskKind& kind, std::uint64_t spent_ns) noexcept;
  void account_evenly(std::uint64_t spent_ns) noexcept;
  void account_as_one_long(std::uint64_t spent_ns) noexcept;
  [[nodiscard]] TaskKind& likely_long() const noexcept;
  void record_wait(TaskKind& kind, Duration waited) noexcept;

  // Of the runs since the last stamp.
  std::uint32_t runs_ = 0;
  std::uint32_t most_runs_ = kGroup;
  std::uint32_t kinds_in_group_ = 0;
  Recent* last_ = nullptr;
  std::array<Recent, kRecent> recent_;
  bool paused_ = true;
  bool tended_ = false;
  Instant stamped_;
  Instant batch_began_;
  // How many are to become ready before the next probe; counted down from `kNever` for a probe.
  std::uint64_t until_probe_ = 1;
  const Runnable* probe_ = nullptr;
  Instant probe_began_;

  std::array<TaskKind*, kGroup> group_{};
  std::uint64_t short_run_ns_ = 0;  // of the last group of short ones, each
  TaskName name_;  // of the task that has its group to itself: the last one, or the running one
  LongestSlices longest_;
  SiteTable kinds_;

  // Written by the carrier at each stamp, read by thieves.
  alignas(128) Atomic<std::uint64_t> average_run_ns_{0};
};

}  // namespace rota::inline v0
