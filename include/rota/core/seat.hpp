#pragma once

#include <rota/core/take_over_word.hpp>

#include <cstdint>

namespace rota::inline v0 {

class Fiber;
class ForkStore;
class Worker;
struct TaskHeader;

/// What belongs to a kernel thread and not to the worker it carries: a thread that comes back
/// after its worker was taken over finds its own words here and cannot disturb its successor.
///
/// `word` is shared with whoever wants to take the worker over; the rest is the thread's own.
struct alignas(128) Seat {
  TakeOverWord word;
  Worker* worker = nullptr;      ///< null: a plain thread, a spare, or the worker was taken over
  TaskHeader* task = nullptr;    ///< whose code this thread is inside
  Fiber* fiber = nullptr;        ///< whose stack this thread is on; null: its own
  ForkStore* forks = nullptr;    ///< what this thread has forked, while it carries a worker
  std::int32_t units_until_look = 0;  ///< completions without suspending that this run may have
                                      ///< before the next look at what it has used
  std::int32_t looks = 0;             ///< of these, in this run
  std::int64_t slice_began_ns = 0;  ///< when the time of this run was first looked at
};

/// The calling thread's seat. Opaque and never inlined: a task may go on on another thread, so the
/// address of a thread-local must not be kept across a suspension by the compiler.
[[gnu::noinline]] Seat& current_seat() noexcept;

}  // namespace rota::inline v0
