#include "runtime/contention/pair.hpp"

#include <rota/core/atomic.hpp>

#include "base/clock.hpp"
#include "base/cpu_affinity.hpp"
#include "base/errno_text.hpp"

#include <algorithm>
#include <thread>

namespace rota::inline v0 {
namespace {

constexpr std::int64_t kWindowNs = 20'000;      // short beside the time slice of a thread
constexpr std::size_t kCountedWindows = 300;    // about 10 ms on an idle machine
constexpr std::size_t kWarmUpWindows = 30;      // until the operations of a window fill its time
constexpr std::int64_t kLimitNs = 400'000'000;  // where other processes want the CPUs as well
constexpr std::size_t kLeastOperations = 16;

/// What one thread tells the other. Written by its thread before each meeting, read by the other
/// one after it; `operations` of both is written by the measured thread between two windows.
struct alignas(128) Side {
  Atomic<std::uint32_t> meetings{0};
  WorkSpan span;
  std::size_t operations = 64;
  int pin_error = 0;
};

/// Release and acquire: what either thread did before is seen by the other behind it. Spins, for
/// the threads have CPUs of their own, and a sleep would end too late for the window.
void meet(Side& own, const Side& other) noexcept {
  const std::uint32_t meeting = own.meetings.load(MemoryOrder::relaxed) + 1;
  own.meetings.store(meeting, MemoryOrder::release);
  while (other.meetings.load(MemoryOrder::acquire) < meeting) spin_pause();
}

/// So many operations that the next window takes as long as it should.
void adjust(Side& side) noexcept {
  const std::int64_t taken_ns = std::max<std::int64_t>(1, side.span.ended_ns - side.span.began_ns);
  const double factor =
      std::clamp(static_cast<double>(kWindowNs) / static_cast<double>(taken_ns), 0.5, 2.0);
  side.operations =
      std::clamp(static_cast<std::size_t>(static_cast<double>(side.operations) * factor),
                 kLeastOperations, Contended::kMostOperations);
}

class Pair {
 public:
  Pair(Contended& contended, Threads threads) : contended_(contended), threads_(threads) {}

  void neighbour(int cpu) {
    neighbour_.pin_error = pin_this_thread(cpu);
    meet(neighbour_, measured_);
    for (;;) {
      meet(neighbour_, measured_);
      if (ends_) return;
      neighbour_.span.began_ns = monotonic_ns();
      contended_.work_beside(neighbour_.operations);
      neighbour_.span.ended_ns = monotonic_ns();
      meet(neighbour_, measured_);
    }
  }

  void measure(int cpu, PairResult& result) {
    measured_.pin_error = pin_this_thread(cpu);
    meet_neighbour();
    const int error = measured_.pin_error != 0 ? measured_.pin_error : neighbour_.pin_error;
    if (error != 0) result.refusal = answer_of("sched_setaffinity", error);
    const std::int64_t until_ns = monotonic_ns() + kLimitNs;
    while (error == 0 && result.ns_per_operation.size() < kCountedWindows &&
           monotonic_ns() < until_ns) {
      meet_neighbour();
      measured_.span.began_ns = monotonic_ns();
      contended_.work(measured_.operations);
      measured_.span.ended_ns = monotonic_ns();
      meet_neighbour();
      count(result);
    }
    ends_ = true;
    meet_neighbour();
  }

 private:
  void meet_neighbour() noexcept {
    if (threads_ == Threads::two) meet(measured_, neighbour_);
  }

  /// The neighbour waits for the next meeting meanwhile.
  void count(PairResult& result) {
    contended_.settle();
    if (warm_up_ > 0) {
      warm_up_ -= 1;
    } else {
      result.windows += 1;
      if (threads_ == Threads::one || overlap(measured_.span, neighbour_.span)) {
        const std::int64_t taken_ns = measured_.span.ended_ns - measured_.span.began_ns;
        result.ns_per_operation.push_back(static_cast<double>(taken_ns) /
                                          static_cast<double>(measured_.operations));
      }
    }
    adjust(measured_);
    adjust(neighbour_);
  }

  Contended& contended_;
  const Threads threads_;
  std::size_t warm_up_ = kWarmUpWindows;
  bool ends_ = false;  ///< written by the measured thread, read behind a meeting
  Side measured_;
  Side neighbour_;
};

}  // namespace

bool overlap(const WorkSpan& one, const WorkSpan& other) noexcept {
  constexpr double kLeastShare = 0.8;
  const std::int64_t both_ns =
      std::min(one.ended_ns, other.ended_ns) - std::max(one.began_ns, other.began_ns);
  const std::int64_t any_ns =
      std::max(one.ended_ns, other.ended_ns) - std::min(one.began_ns, other.began_ns);
  return static_cast<double>(both_ns) >= kLeastShare * static_cast<double>(any_ns);
}

PairResult measure_pair(Contended& contended, Threads threads, const ContentionCpus& cpus) {
  PairResult result;
  Pair pair(contended, threads);
  std::thread neighbour;
  if (threads == Threads::two) neighbour = std::thread([&] { pair.neighbour(cpus.neighbour); });
  std::thread([&] { pair.measure(cpus.measured, result); }).join();
  if (neighbour.joinable()) neighbour.join();
  return result;
}

}  // namespace rota::inline v0
