#include "sched/wake_cost.hpp"

#include "base/clock.hpp"
#include "base/cpu_affinity.hpp"
#include "base/signals_blocked.hpp"

#include <semaphore.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace rota::inline v0 {
namespace {

constexpr int kWarmUpRounds = 4;  // the thread starts, and the first pages are touched
constexpr int kAllRounds = kWarmUpRounds + wake_cost_rounds;

using Spans = std::array<std::int64_t, kAllRounds>;

/// Without the first rounds. Not the median: what else the machine does makes a wake longer and
/// never shorter, and one busy moment would hold for the whole process.
std::int64_t lower_quartile_of(Spans& spans) {
  const auto first = spans.begin() + kWarmUpRounds;
  const auto quarter = first + wake_cost_rounds / 4;
  std::nth_element(first, quarter, spans.end());
  return *quarter;
}

/// What a thread sleeps on. Not the waits of std::atomic, which spin for a while before they sleep.
class Bell {
 public:
  Bell() noexcept { ::sem_init(&rung_, 0, 0); }
  ~Bell() { ::sem_destroy(&rung_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() noexcept { ::sem_post(&rung_); }
  void await() noexcept {
    while (::sem_wait(&rung_) != 0) {  // EINTR; nothing else may go wrong.
    }
  }

 private:
  sem_t rung_;
};

void pin_to(int cpu) noexcept {
  if (cpu >= 0) static_cast<void>(pin_this_thread(cpu));  // It is as good a guess without.
}

/// Two threads rouse each other in turn, each asleep by the time that the other one has got up. So
/// half of a round is a wake. Each has a CPU of its own, where there are two, like a worker and
/// whoever wakes it: left alone the kernel may put both on one, and shows what a switch costs.
WakeCost ask_from(int here, int there) {
  pin_to(here);
  Bell asked;
  Bell answered;
  std::thread other([&] {
    pin_to(there);
    for (int round = 0; round < kAllRounds; ++round) {
      asked.await();
      answered.ring();
    }
  });
  Spans round_ns{};
  Spans call_ns{};
  for (std::size_t round = 0; round < kAllRounds; ++round) {
    const std::int64_t begin = monotonic_ns();
    asked.ring();
    call_ns[round] = monotonic_ns() - begin;
    answered.await();
    round_ns[round] = monotonic_ns() - begin;
  }
  other.join();
  return {Duration{lower_quartile_of(round_ns) / 2}, Duration{lower_quartile_of(call_ns)}};
}

WakeCost try_to_ask(int here, int there) noexcept {
  try {
    return ask_from(here, there);
  } catch (const std::exception&) {  // There is no thread to be had, or no memory.
    return {};
  }
}

/// On a thread of its own too: the caller stays where it may run.
WakeCost measure() noexcept {
  WakeCost wake;
  try {
    const std::vector<int> cpus = allowed_cpus();
    const int here = cpus.empty() ? -1 : cpus.front();
    const int there = cpus.empty() ? -1 : cpus.back();
    const SignalsBlocked blocked;
    std::thread([&] { wake = try_to_ask(here, there); }).join();
  } catch (const std::exception&) {
    return {};
  }
  return wake;
}

}  // namespace

WakeCost wake_cost() noexcept {
  static const WakeCost measured = measure();
  return measured;
}

}  // namespace rota::inline v0
