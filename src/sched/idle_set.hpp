#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/limits.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rota::inline v0 {

// Which workers sleep, how many search, and whom to rouse when there is work: no work is left in a
// queue while a worker sleeps and nobody searches, and a burst of work rouses one worker at a time.
//
// A worker is busy, searching or idle. A searcher looks through the queues of others; at most half
// of the workers do at a time, since more of them find no more. An idle one sleeps in its driver,
// or is about to.
//
// Rules
//   1. Who has published work calls `claim`. If nobody searches and somebody is idle, one idle
//      worker is made a searcher, and the caller wakes it: its ParkWord's claim_wake, then its
//      driver's wake. If somebody searches, the caller leaves the work to it.
//   2. That is sound because whoever makes the number of searchers fall to zero is told so, and
//      looks at every queue afterwards. A searcher that found something calls `end_search`; told,
//      it looks, and claims another if more is left: wakes go on as a chain for as long as there
//      is work. One that found nothing calls `announce`; told, it looks, and if something is there
//      now it retracts and begins a search as it would on any other wake. It does not take what it
//      sees: only searchers steal, or it would run that and leave what else there is to nobody, and
//      others would find a ring that is neither empty nor to be had (run_ring.hpp rule 3).
//   3. A worker that was refused a search goes to sleep without one: others search, and the last
//      of them looks. If they have all ended meanwhile, `announce` tells it, and it looks itself.
//   4. A worker that wakes for a reason of its own retracts. If its bit is gone by then it was
//      claimed, and is a searcher, whether or not it had been asleep.
//   5. A worker announces in its ParkWord before it announces here, so that a claimer's claim_wake
//      finds it armed; and it retracts there before it retracts here, so that a claim in between
//      costs no system call. Whoever wants one particular worker posts to its inbox, and leaves
//      this set alone.
//   6. Publish and claim, announce and look: each side writes, and then reads what the other one
//      wrote. A seq_cst fence stands between the two in claim and in whatever tells a worker to
//      look. Of two fences one comes second, and what follows it sees what the first one's thread
//      wrote before. So the queues need no order of their own for this, and publishing into a ring
//      stays a plain store on x86.
//   7. One word holds the idle and the searchers of 48 workers, so each step is one exchange and
//      there is nothing to take back. More workers are several such groups, each with rules 1 to 4
//      for itself: a claim goes on to the next group if this one has nobody idle or searching.
//
// Rejected: a read-modify-write in every claim in place of the fence (tokio), which takes the line
// for itself at each publication, 93 ns where two meet instead of 5; a bitmap with the number of
// searchers beside it, since a claim that counted its searcher and then lost the last idle worker
// has to take the count back, and it and that worker, which wants to search and is refused, could
// do so for ever; a list of sleepers under a lock, on the path of every wake.
class IdleSet {
 public:
  static constexpr std::uint32_t kMostWorkers = most_workers;

  enum class Role : std::uint8_t { busy, searcher };

  explicit IdleSet(std::uint32_t workers) noexcept : workers_(workers) {
    assert(workers >= 1 && workers <= kMostWorkers);
  }
  IdleSet(const IdleSet&) = delete;
  IdleSet& operator=(const IdleSet&) = delete;

  // A busy worker with nothing to do. True: it is a searcher until end_search or announce. False:
  // half of the workers search already.
  [[nodiscard]] bool try_begin_search(std::uint32_t worker) noexcept {
    Atomic<std::uint64_t>& word = word_of(worker);
    std::uint64_t seen = word.load(MemoryOrder::relaxed);
    do {
      if (2 * searchers(seen) >= size_of(worker / kGroup)) return false;
      // Relaxed: it announces nothing. What counts is the end of the search.
    } while (!word.compare_exchange_weak(seen, seen + kOneSearcher, MemoryOrder::relaxed,
                                         MemoryOrder::relaxed));
    return true;
  }

  // A searcher that has found something, before it runs it. True: look at every queue now, and
  // claim if one holds work.
  [[nodiscard]] bool end_search(std::uint32_t worker) noexcept {
    return told_by(word_of(worker).fetch_sub(kOneSearcher, MemoryOrder::relaxed) - kOneSearcher);
  }

  // A worker that will sleep, after its ParkWord's announce; it is no searcher any more. True: look
  // at every queue now, and sleep only if all are empty.
  [[nodiscard]] bool announce(std::uint32_t worker, Role role) noexcept {
    Atomic<std::uint64_t>& word = word_of(worker);
    const std::uint64_t change =
        bit_of(worker) - (role == Role::searcher ? kOneSearcher : 0);  // Modulo 2^64.
    // Release pairs with claim: whoever claims this worker finds its ParkWord armed.
    return told_by(word.fetch_add(change, MemoryOrder::release) + change);
  }

  // A worker that has announced, after its ParkWord's retract: what it is from here on.
  [[nodiscard]] Role retract(std::uint32_t worker) noexcept {
    const std::uint64_t bit = bit_of(worker);
    // Acquire pairs with claim: a worker that was claimed sees the work that it was claimed for.
    const bool removed = (word_of(worker).fetch_and(~bit, MemoryOrder::acquire) & bit) != 0;
    return removed ? Role::busy : Role::searcher;
  }

  // Any thread, after it published work: the worker that the caller must wake, if any. Those of
  // `near` are preferred, in their order; the group of the first of them is asked first.
  [[nodiscard]] std::optional<std::uint32_t> claim(std::span<const std::uint16_t> near) noexcept {
    fence(MemoryOrder::seq_cst);  // Rule 6.
    const std::uint32_t first = near.empty() ? 0 : near.front() / kGroup;
    for (std::uint32_t i = 0; i < groups(); ++i) {
      const std::uint32_t group = (first + i) % groups();
      Atomic<std::uint64_t>& word = groups_[group].word;
      std::uint64_t seen = word.load(MemoryOrder::relaxed);
      for (;;) {
        if (searchers(seen) != 0) return std::nullopt;
        if (seen == 0) break;
        const std::uint32_t worker = choose(seen, group, near);
        // Acquire pairs with announce, release with retract.
        if (word.compare_exchange_weak(seen, seen - bit_of(worker) + kOneSearcher,
                                       MemoryOrder::acq_rel, MemoryOrder::relaxed)) {
          return worker;
        }
      }
    }
    return std::nullopt;
  }

  // Any thread; guesses as soon as they are known, and none of them can spare a publisher its
  // claim: they are read before its fence. The first is asked before each run of a task that leaves
  // others waiting.
  [[nodiscard]] bool anyone_idle() const noexcept {
    std::uint64_t idle = 0;
    for (std::uint32_t group = 0; group < groups(); ++group) {
      idle |= groups_[group].word.load(MemoryOrder::relaxed) & (kOneSearcher - 1);
    }
    return idle != 0;
  }
  [[nodiscard]] std::uint32_t searching() const noexcept {
    std::uint32_t count = 0;
    for (const Group& group : groups_) count += searchers(group.word.load(MemoryOrder::relaxed));
    return count;
  }
  // Whether a claim would find somebody.
  [[nodiscard]] bool worth_claiming() const noexcept {
    for (std::uint32_t group = 0; group < groups(); ++group) {
      const std::uint64_t word = groups_[group].word.load(MemoryOrder::relaxed);
      if (word != 0 && searchers(word) == 0) return true;
    }
    return false;
  }
  [[nodiscard]] std::uint32_t idle() const noexcept {
    int count = 0;
    for (const Group& group : groups_) {
      count += std::popcount(group.word.load(MemoryOrder::relaxed) & (kOneSearcher - 1));
    }
    return static_cast<std::uint32_t>(count);
  }

 private:
  static constexpr std::uint32_t kGroup = 48;  // Workers; the other 16 bits count searchers.
  static constexpr std::uint64_t kOneSearcher = std::uint64_t{1} << kGroup;

  // Written by the workers of the group and by claims. 128 bytes: the groups are far apart, and so
  // are their workers.
  struct alignas(128) Group {
    Atomic<std::uint64_t> word{0};
  };

  static std::uint32_t searchers(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> kGroup);
  }
  static std::uint64_t bit_of(std::uint32_t worker) noexcept {
    return std::uint64_t{1} << worker % kGroup;
  }
  Atomic<std::uint64_t>& word_of(std::uint32_t worker) noexcept {
    assert(worker < workers_);
    return groups_[worker / kGroup].word;
  }
  [[nodiscard]] std::uint32_t groups() const noexcept { return (workers_ - 1) / kGroup + 1; }
  [[nodiscard]] std::uint32_t size_of(std::uint32_t group) const noexcept {
    return std::min(workers_ - group * kGroup, kGroup);
  }

  // With the word as one's own step has left it: whether that made one the last.
  static bool told_by(std::uint64_t word) noexcept {
    if (searchers(word) != 0) return false;
    fence(MemoryOrder::seq_cst);  // Rule 6: the look comes after it.
    return true;
  }

  // One of the idle workers of `word`.
  static std::uint32_t choose(std::uint64_t word, std::uint32_t group,
                              std::span<const std::uint16_t> near) noexcept {
    for (const std::uint32_t worker : near) {
      if (worker / kGroup == group && (word & bit_of(worker)) != 0) return worker;
    }
    return group * kGroup + static_cast<std::uint32_t>(std::countr_zero(word));
  }

  std::array<Group, (kMostWorkers + kGroup - 1) / kGroup> groups_;
  const std::uint32_t workers_;
};

static_assert(alignof(IdleSet) == 128);

}  // namespace rota::inline v0
