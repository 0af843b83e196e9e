#include "model/task_run.hpp"

#include <rota/core/seat.hpp>
#include <rota/core/worker_calls.hpp>

#include <cstddef>
#include <cstdint>
#include <new>

namespace rota {
namespace model {
namespace {

// Of each thread of the model. One that carries no worker is a plain thread.
Seat seats[max_threads];

// More completions than a scenario has: no task is put behind others.
constexpr std::int32_t units = 1000;

}  // namespace

void TaskRun::begin() { carry(promise()); }

void TaskRun::end() {
  while (!body_.handle().done()) carry(task_.go_on());
}

// The thread carries a worker while it runs the task (take_over_word.hpp), which nobody takes over.
void TaskRun::carry(Runnable& frame) {
  Seat& seat = *::new (&seats[Engine::here().self_index()]) Seat();
  seat.worker = task_.home.at();
  seat.task = &task_;
  seat.units_until_look = units;
  seat.word.enter_task();
  frame.resume(frame);
  check(seat.word.leave_task(), "nobody takes the worker");
  seat.worker = nullptr;
  seat.task = nullptr;
}

}  // namespace model

inline namespace v0 {

Seat& current_seat() noexcept { return model::seats[model::Engine::here().self_index()]; }

void* allocate_frame(std::size_t bytes) {
  const model::WatchedHeap heap;
  return ::operator new(bytes);
}
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

// The model has the task, and looks at its frame.
TaskEnd end_task(TaskHeader&) noexcept { return TaskEnd::kept; }
void free_task(TaskHeader&) noexcept { misuse("a task of a model is freed by nobody"); }

bool yield_if_spent(Seat&, Runnable&) noexcept { misuse("a task of a model spends no budget"); }
void rejoin(Runnable&, void*, void (*)(Runnable&) noexcept) noexcept {
  misuse("a task of a model has its worker");
}

}  // namespace v0
}  // namespace rota
