#include "model/parked_task.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/workers.hpp>

#include "base/futex.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota {
namespace model {
namespace {

// Workers, of which only the addresses matter.
alignas(16) constinit char workers[2][16]{};
Worker* const home_worker = reinterpret_cast<Worker*>(&workers[0]);
Worker* const next_worker = reinterpret_cast<Worker*>(&workers[1]);

Errand* errand_of_pass = nullptr;  // One is enough: there is one lane.
Atomic<std::uint32_t> futex_wakes{0};

}  // namespace
}  // namespace model

inline namespace v0 {

// The model is the library that its code asks for (build_mark.hpp).
template <class HowItIsCompiled>
void this_program_needs_a_rota_library_of() noexcept {}
template void this_program_needs_a_rota_library_of<ThisBuild>() noexcept;

void misuse(const char* what) noexcept {
  model::check(false, what);
  __builtin_unreachable();  // The execution is abandoned.
}

void make_ready(Runnable& runnable) noexcept {
  // As in the runtime: what lives on no worker goes on by itself (thread_wait.hpp).
  if (runnable.task->home.at() == nullptr) return runnable.resume(runnable);
  static_cast<model::ParkedTask&>(*runnable.task).become_ready(runnable);
}

void requeue(Runnable& runnable) noexcept {
  static_cast<model::ParkedTask&>(*runnable.task).become_ready(runnable);
}

// There is one worker whose tasks send, and it is told by the scenario when its pass is over.
std::size_t worker_count() noexcept { return 1; }
WorkerIndex home_index(const Runnable&) noexcept { return 0; }
void run_after_pass(const Runnable&, Errand& errand) noexcept {
  model::check(model::errand_of_pass == nullptr, "an errand is with its worker once");
  model::errand_of_pass = &errand;
}

// The kernel, which looks at the word and lets the thread sleep in one step: no wake that comes
// after the look is missed.
void futex_sleep(const void* word, std::uint32_t expected) noexcept {
  const std::uint32_t before = model::futex_wakes.load(MemoryOrder::acquire);
  const auto& value = *static_cast<const Atomic<std::uint32_t>*>(word);
  if (value.load(MemoryOrder::relaxed) != expected) return;
  model::wait_until([&] { return model::futex_wakes.load(MemoryOrder::acquire) != before; });
}
void futex_wake_one(const void*) noexcept { model::futex_wakes.fetch_add(1, MemoryOrder::acq_rel); }

}  // namespace v0

namespace model {

void begin_pass() { errand_of_pass = nullptr; }
void end_pass() {
  if (Errand* errand = std::exchange(errand_of_pass, nullptr)) errand->run(*errand, *home_worker);
}

ParkedTask::ParkedTask(GoesOn goes_on) : goes_on_(goes_on) {
  frame_.task = this;
  home.set(home_worker);
  watch(static_cast<TaskHeader&>(*this), "task");
}

Runnable& ParkedTask::go_on() {
  ready_.wait();
  if (goes_on_ == GoesOn::after_the_look) home.move_to(next_worker);
  parked = 0;
  leaf = nullptr;
  Runnable* frame = woken_;
  woken_ = nullptr;
  return *frame;
}

void ParkedTask::look_to_stop() {
  if (!home.try_begin_look(home_worker)) return;
  if (parked != 0) leaf->cancel(*leaf);
  home.end_look(home_worker);
}

void ParkedTask::become_ready(Runnable& frame) {
  check(parked != 0, "what is woken is parked");
  check(woken_ == nullptr, "a suspension is ended by one wake");
  woken_ = &frame;
  ready_.set();
}

}  // namespace model
}  // namespace rota
