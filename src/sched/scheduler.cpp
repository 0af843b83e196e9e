#include "sched/scheduler.hpp"

#include "sched/worker.hpp"

namespace rota::inline v0 {

// What suits workers that share nothing.

void Scheduler::admit(Runnable& runnable) noexcept { runnable.task->home->post(runnable); }

void Scheduler::between_turns(Worker&) noexcept {}

Deadline Scheduler::before_sleep(Worker&) noexcept { return Deadline::never(); }

void Scheduler::after_sleep(Worker&) noexcept {}

void Scheduler::before_run(Worker&) noexcept {}

void Scheduler::surplus(Worker&) noexcept {}

}  // namespace rota::inline v0
