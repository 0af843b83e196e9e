#include "sched/lone_carriage.hpp"

#include "base/fatal.hpp"

namespace rota::inline v0 {

namespace {

struct LoopEnd : EndOfTask {
  explicit LoopEnd(Worker& home) noexcept
      : EndOfTask(home, [](Runnable& self) noexcept { self.task->home->leave(); }) {}
};

}  // namespace

void LoneCarriage::run_until_ended(TaskHeader& task) {
  LoopEnd end(only_);
  if (!task.join.wait(&end)) return;
  if (only_.carry(current_seat()) == Worker::CarryEnd::taken) {
    fatal("the worker was taken over under block_on");
  }
}

/// Pass by pass, with nothing of this call in a queue, so that it may end after any of them. What
/// tasks leave open is closed by operations, which are counted; a descriptor whose owner is still
/// alive is reported and not waited for, as this very thread may hold it.
void LoneCarriage::run_until_quiet(Duration limit) {
  // A timer ends the sleep in which the limit passes; who looks at the clock is the loop.
  TimerEntry alarm([](TimerEntry&) noexcept {});
  const Instant due = only_.driver().now() + limit;
  if (limit != Duration::max()) only_.insert_timer(alarm, due);
  while (may_have_work() && only_.driver().now() < due) {
    // Only a pass that runs nothing may sleep: one that runs the last task has nothing to wait for.
    const auto idle = only_.has_work() ? Worker::Idle::return_at_once : Worker::Idle::sleep;
    only_.pass(current_seat(), idle);
  }
  only_.remove_timer(alarm);
}

bool LoneCarriage::may_have_work() const noexcept {
  return only_.runtime().tasks_live() != 0 || only_.in_flight() != 0 || only_.has_work();
}

}  // namespace rota::inline v0
