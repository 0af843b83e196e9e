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

std::coroutine_handle<ForkFrame> handle_of(ForkFrame& frame) noexcept {
  return std::coroutine_handle<ForkFrame>::from_promise(frame);
}

/// The parent went on elsewhere; from here on it is this thread's.
std::coroutine_handle<> bring_here(ForkFrame& parent, ForkStore& here) noexcept {
  parent.here = &here;
  return handle_of(parent);
}

/// Out of the way of those who find everybody busy.
[[gnu::noinline]] void rouse_a_thief() noexcept {
  RuntimeSection section;
  if (Worker* worker = section.worker()) worker->runtime().scheduler().surplus(*worker);
}

/// Publishes the parent. Only what is pushed on an empty deque can have been missed by a worker
/// that looked before it slept; what lies below something else was seen with that.
bool push(ForkStore& store, ForkFrame& parent) noexcept {
  const bool only = store.deque().empty();
  try {
    store.deque().push(parent);
  } catch (const std::bad_alloc&) {
    return false;
  }
  if (!only || store.idle() == nullptr) return true;
  fence(MemoryOrder::seq_cst);  // idle_set.hpp, rule 6: the push comes before the look.
  if (store.idle()->worth_claiming()) [[unlikely]]
    rouse_a_thief();
  return true;
}

void cancel_root(Leaf& leaf) noexcept {
  static_cast<ForkRoot&>(leaf).region.requested.store(true, MemoryOrder::relaxed);
}

void start_root_at_home(Runnable& waiter) noexcept {
  waiter.resume = resume_frame;
  auto& root = static_cast<ForkRoot&>(*waiter.task->leaf);
  begin_root(root, waiter).resume();
}

}  // namespace

void* allocate_fork(std::size_t bytes) noexcept {
  try {
    if (bytes > FramePool::kLargestBlock) [[unlikely]]
      return ::operator new(bytes);
    if (ForkStore* store = this_seat().forks) [[likely]]
      return store->frames().allocate(bytes);
    return FramePool::allocate_shared(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void free_fork(void* memory, std::size_t bytes) noexcept {
  if (bytes > FramePool::kLargestBlock) [[unlikely]]
    return ::operator delete(memory);
  FramePool& pool = FramePool::of(memory);
  ForkStore* store = this_seat().forks;
  if (store != nullptr && &store->frames() == &pool) [[likely]] {
    pool.free_local(memory, bytes);
  } else {
    pool.free_remote(memory);
  }
}

std::coroutine_handle<> begin_fork(ForkFrame& parent, ForkFrame* child) noexcept {
  if (child == nullptr) [[unlikely]] {
    parent.fail(std::make_exception_ptr(std::bad_alloc()));
    return handle_of(parent);
  }
  ForkStore& here = *parent.here;
  child->here = &here;
  child->parent = &parent;
  child->root = parent.root;
  child->kind = ForkFrame::Kind::forked;
  parent.unjoined = true;
  if (!parent.has_failed() && push(here, parent)) [[likely]]
    return handle_of(*child);
  // The child does not begin: a sibling has failed, or the deque cannot grow.
  if (!parent.has_failed()) parent.fail(std::make_exception_ptr(std::bad_alloc()));
  handle_of(*child).destroy();
  return handle_of(parent);
}

std::coroutine_handle<> begin_call(ForkFrame& parent, ForkFrame* child) noexcept {
  if (child == nullptr) [[unlikely]] {
    if (wait_for_forks(parent)) return std::noop_coroutine();
    return handle_of(parent);
  }
  child->here = parent.here;
  child->parent = &parent;
  child->root = parent.root;
  return handle_of(*child);
}

bool wait_for_forks(ForkFrame& frame) noexcept { return frame.join.wait(); }

std::coroutine_handle<> end_fork(ForkFrame& ended) noexcept {
  check_usage(!ended.unjoined,
              "a forking function returned or threw before it joined what it had forked; catch, "
              "co_await join(), and then rethrow");
  ForkStore& here = *ended.here;
  ForkFrame* parent = ended.parent;
  switch (ended.kind) {
    case ForkFrame::Kind::root: make_ready(*ended.root->waiter); return std::noop_coroutine();
    case ForkFrame::Kind::called: {
      const bool fails = ended.has_failed();
      const auto next = bring_here(*parent, here);
      // The error leaves the parent too, whose frame its children use.
      return fails && wait_for_forks(*parent) ? std::noop_coroutine() : next;
    }
    case ForkFrame::Kind::forked: break;
  }
  handle_of(ended).destroy();
  if (ForkFrame* taken = here.deque().take()) [[likely]] {
    assert(taken == parent);
    return handle_of(*taken);
  }
  if (!parent->join.end_child()) return std::noop_coroutine();
  return bring_here(*parent, here);
}

std::coroutine_handle<> begin_root(ForkRoot& root, Runnable& waiter) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]] {
    rejoin(waiter, static_cast<Leaf*>(&root), start_root_at_home);
    return std::noop_coroutine();
  }
  root.waiter = &waiter;
  root.cancel = cancel_root;
  if (stop_due(*waiter.task)) cancel_root(root);
  ForkFrame& frame = *root.frame;
  frame.here = seat->forks;
  frame.root = &root;
  frame.kind = ForkFrame::Kind::root;
  park(root);
  end_leaf(*seat);
  return handle_of(frame);
}

bool forks_wanted() noexcept {
  ForkStore* store = this_seat().forks;
  return store != nullptr && store->deque().empty();
}

}  // namespace rota::inline v0
