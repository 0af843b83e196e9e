#pragma once

#include <rota/core/seat.hpp>
#include <rota/result.hpp>

#include "base/random.hpp"
#include "driver/sim/world.hpp"
#include "sched/carriage.hpp"
#include "sched/crew.hpp"
#include "task/context.hpp"
#include "task/exception_state.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rota::inline v0 {

class RuntimeCore;
class Worker;

/// Carries all workers of a simulated runtime on the thread that waits for it, each on a stack of
/// its own. A seed decides who goes on, so a run of several workers is repeated by its seed.
///
/// 1. One worker goes on at a time, until it meets others (Crossing), waits for one of them
///    (SpinWait) or has nothing to do (SimWorld::rest). At the first it gives way by chance, how
///    often being the seed's; then any of those that can go on does.
/// 2. Time is everybody's. It passes by a few microseconds with each round of a driver, and when
///    nobody can go on it moves to the earliest of their deadlines.
/// 3. Without a deadline somebody outside must act: then the thread sleeps for real.
/// 4. While nobody waits for the runtime its workers stay where they are, some inside a task.
class SimCrew final : public SimWorld, public Carriage, public Crew {
 public:
  SimCrew(RuntimeCore& core, std::uint64_t seed);
  ~SimCrew() override;

  /// Once. Fails when there is no memory for the stacks.
  Result<void> employ(std::span<Worker* const> workers);

  // The thread that waits, inside no task.

  [[nodiscard]] bool serves_any_thread() const noexcept override { return false; }
  void run_until_ended(TaskHeader& task) override;
  void run_until_quiet(Duration limit) override;
  [[nodiscard]] bool may_have_work() const noexcept override { return !is_quiet(); }
  void stop() noexcept override;

  // A worker that goes on.

  void cross() noexcept override;
  void give_way() noexcept override;
  void rest(std::span<pollfd> polled, Deadline until) noexcept override;

  [[nodiscard]] std::uint64_t draw_seed() noexcept override { return random_.next(); }
  void shuffle(std::span<std::uint16_t> workers) noexcept override { random_.shuffle(workers); }

 private:
  struct Member;

  SimCrew(RuntimeCore& core, Random random);

  void advance(Deadline limit) noexcept;
  [[nodiscard]] Member* draw() noexcept;
  [[nodiscard]] bool can_go_on(const Member& member) const noexcept;
  void let_time_pass(Deadline limit) noexcept;
  [[nodiscard]] bool is_quiet() const noexcept;
  void enter(Member& member) noexcept;

  RuntimeCore& core_;
  Random random_;
  const std::uint32_t crossings_per_mille_;  // of which another goes on
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Member*> order_;  // of the last draw
  std::vector<pollfd> polled_;
  Member* running_ = nullptr;
};

}  // namespace rota::inline v0
