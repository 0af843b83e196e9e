#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/fork_frame.hpp>
#include <rota/core/worker_calls.hpp>

#include "sched/fork_store.hpp"
#include "sched/seat.hpp"
#include "sched/worker.hpp"

#include <cassert>
#include <exception>
#include <new>

namespace rota::inline v0 {

namespace {

/// The parent goes on with the thread that its child ended on.
std::coroutine_handle<> bring_here(ForkFrame& parent, ForkStore& here) noexcept {
  parent.here = &here;
  here.runs(&parent);
  return handle_of(parent);
}

/// The thread has nothing to go on with.
std::coroutine_handle<> end_run(ForkStore& here) noexcept {
  here.runs(nullptr);
  return std::noop_coroutine();
}

/// There was nothing to steal here, and now there is. A worker that looked before it slept can have
/// missed that; what lies above something else was seen with it. (Where a thief takes that
/// meanwhile, nobody is roused until the thief has found more or forks begin anew.)
[[gnu::noinline]] void offer_first(const ForkStore& store) noexcept {
  if (store.idle() == nullptr) return;
  fence(MemoryOrder::seq_cst);  // idle_set.hpp, rule 6: the push comes before the look.
  if (!store.idle()->worth_claiming()) [[likely]]
    return;
  RuntimeSection section;
  if (Worker* worker = section.worker()) worker->runtime().scheduler().surplus(*worker);
}

/// A fork that takes more than a push, or does not begin.
[[gnu::noinline]] std::coroutine_handle<> begin_slowly(ForkFrame& parent,
                                                       ForkFrame& child) noexcept {
  if (!parent.has_failed()) {
    ForkStore& here = *parent.here;  // What was pushed is a thief's.
    try {
      here.deque().push(parent);
      here.runs(&child);
      return handle_of(child);
    } catch (const std::bad_alloc&) {
      parent.fail(std::current_exception());
    }
  }
  handle_of(child).destroy();
  return handle_of(parent);
}

/// What the function goes on with once its children have ended, on this thread or another one.
std::coroutine_handle<> after_forks(ForkFrame& frame, ForkStore& here) noexcept {
  return frame.join.wait() ? end_run(here) : bring_here(frame, here);
}

/// The end of a frame that did not run beside its parent.
[[gnu::noinline]] std::coroutine_handle<> end_waited(ForkFrame& ended) noexcept {
  ForkStore& here = *ended.here;
  if (ended.kind == ForkFrame::Kind::root) {
    here.runs(nullptr);
    make_ready(*ended.root->waiter);
    return std::noop_coroutine();
  }
  // The error leaves the parent too, whose frame its children use.
  return ended.threw ? after_forks(*ended.parent, here) : bring_here(*ended.parent, here);
}

[[gnu::noinline]] std::coroutine_handle<> end_stolen(ForkFrame& parent, ForkStore& here) noexcept {
  return parent.join.end_child() ? bring_here(parent, here) : end_run(here);
}

[[gnu::noinline]] void* allocate_slowly(std::size_t frame_class) noexcept {
  try {
    if (ForkStore* store = this_seat().forks) return store->frames().allocate_block(frame_class);
    return FramePool::allocate_shared(frame_class_bytes(frame_class));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

[[gnu::noinline]] void free_slowly(void* memory, std::size_t frame_class) noexcept {
  FramePool& pool = FramePool::of(memory);
  const ForkStore* store = this_seat().forks;
  if (store == nullptr) return pool.free_remote(memory);
  store->frames().free_away(memory, frame_class_bytes(frame_class));
}

/// Nothing to end: the functions ask by themselves whether the task must stop.
void cancel_root(Leaf&) noexcept {}

void start_root_at_home(Runnable& waiter) noexcept {
  waiter.resume = resume_frame;
  auto& root = static_cast<ForkRoot&>(*waiter.task->leaf);
  begin_root(root, waiter).resume();
}

}  // namespace

void* allocate_fork_block(std::size_t frame_class) noexcept {
  if (ForkStore* store = this_seat().forks) [[likely]] {
    if (void* memory = store->frames().try_allocate_block(frame_class)) [[likely]]
      return memory;
  }
  return allocate_slowly(frame_class);
}

void free_fork_block(void* memory, std::size_t frame_class) noexcept {
  const ForkStore* store = this_seat().forks;
  if (store == nullptr || &FramePool::of(memory) != &store->frames()) [[unlikely]]
    return free_slowly(memory, frame_class);
  store->frames().free_local_block(memory, frame_class);
}

void* allocate_large_fork(std::size_t bytes) noexcept {
  return ::operator new(bytes, std::nothrow);
}

void free_large_fork(void* memory) noexcept { ::operator delete(memory); }

std::coroutine_handle<> begin_fork(ForkFrame& parent, ForkFrame& child) noexcept {
  ForkStore& here = *parent.here;
  child.here = &here;
  child.parent = &parent;
  child.root = parent.root;
  child.kind = ForkFrame::Kind::forked;
  parent.unjoined = true;
  if (parent.has_failed() || !here.deque().try_push(parent)) [[unlikely]]
    return begin_slowly(parent, child);
  here.runs(&child);
  if (here.deque().size() == 1) [[unlikely]]
    offer_first(here);
  return handle_of(child);
}

std::coroutine_handle<> fail_fork(ForkFrame& parent) noexcept {
  parent.fail(std::make_exception_ptr(std::bad_alloc()));
  return handle_of(parent);
}

std::coroutine_handle<> fail_call(ForkFrame& parent) noexcept {
  parent.fail(std::make_exception_ptr(std::bad_alloc()));
  return after_forks(parent, *parent.here);
}

bool wait_for_forks(ForkFrame& frame) noexcept {
  ForkStore& here = *frame.here;
  if (!frame.join.wait()) return false;
  here.runs(nullptr);
  return true;
}

std::coroutine_handle<> end_fork(ForkFrame& ended) noexcept {
  check_usage(!ended.unjoined,
              "a forking function returned or threw before it joined what it had forked; catch, "
              "co_await join(), and then rethrow");
  if (ended.kind != ForkFrame::Kind::forked) return end_waited(ended);
  ForkStore& here = *ended.here;
  ForkFrame& parent = *ended.parent;
  handle_of(ended).destroy();
  ForkFrame* taken = here.deque().take();
  assert(taken == nullptr || taken == &parent);
  if (taken == nullptr) return end_stolen(parent, here);
  here.runs(&parent);
  return handle_of(parent);
}

std::coroutine_handle<> begin_root(ForkRoot& root, Runnable& waiter) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]] {
    rejoin(waiter, static_cast<Leaf*>(&root), start_root_at_home);
    return std::noop_coroutine();
  }
  root.waiter = &waiter;
  root.cancel = cancel_root;
  ForkFrame& frame = *root.frame;
  frame.here = seat->forks;
  frame.root = &root;
  frame.kind = ForkFrame::Kind::root;
  seat->forks->runs(&frame);
  park(root);
  end_leaf(*seat);
  return handle_of(frame);
}

bool forks_wanted() noexcept {
  ForkStore* store = this_seat().forks;
  return store != nullptr && store->deque().empty();
}

bool fork_must_stop() noexcept {
  const ForkStore* store = this_seat().forks;
  return store != nullptr && store->must_stop();
}

}  // namespace rota::inline v0
