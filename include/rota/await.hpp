#pragma once

#include <rota/core/runnable.hpp>
#include <rota/core/worker_calls.hpp>

#include <cassert>
#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// A leaf: what a task can be parked on. `start` runs on the task's home worker, inside the
/// bracket; true: parked, the task goes on when it is made ready; false: the result is there.
/// `finish` yields the result.
template <class L>
concept LeafType = requires(L& leaf, Runnable& waiter) {
  { leaf.start(waiter) } -> std::same_as<bool>;
  leaf.finish();
};

/// A leaf whose result holds something for as long as it lives, so that dropping it is a mistake.
template <class L>
concept GuardingLeaf = L::yields_guard;

/// A leaf with `refuse` is not started when the task must stop; one without is started all the
/// same and sees to it by itself.
template <class L>
concept RefusableLeaf = requires(L& leaf) { leaf.refuse(); };

/// operation_leaf.hpp.
template <class Op>
class OperationLeaf;

/// Whether a leaf's `start`, by the type of a pointer to it, is OperationLeaf's.
template <class Start>
inline constexpr bool kStartsOperation = false;
template <class Op>
inline constexpr bool kStartsOperation<bool (OperationLeaf<Op>::*)(Runnable&) noexcept> = true;

/// A leaf that begins with its one operation and is refused by giving it the result -ECANCELED:
/// neither it nor a base of it has a `start` beside that of OperationLeaf.
template <class L>
concept OperationLeafType = kStartsOperation<decltype(&L::start)>;

/// Starts a leaf, unless the task must stop and the leaf can be refused. True: parked.
template <class L>
bool start_unless_stopped(L& leaf, Runnable& waiter) noexcept {
  if constexpr (RefusableLeaf<L>) {
    if (stop_due(*waiter.task)) [[unlikely]] {
      leaf.refuse();
      return false;
    }
  }
  return leaf.start(waiter);
}

template <class L, void (*Continue)(Runnable&) noexcept>
void start_at_home(Runnable& waiter) noexcept;

/// Starts a leaf for a runnable that is not executing any more (a suspended frame, a stack that was
/// left); `Continue` is how it goes on. True: parked.
template <class L, void (*Continue)(Runnable&) noexcept>
[[gnu::noinline]] bool start_leaf(L& leaf, Runnable& waiter) noexcept {
  Seat* seat = begin_leaf(current_seat());
  if (seat == nullptr) [[unlikely]] {
    // The worker went on without this thread.
    rejoin(waiter, &leaf, start_at_home<L, Continue>);
    return true;
  }
  const bool parked = start_unless_stopped(leaf, waiter) || spend_unit(*seat, waiter);
  end_leaf(*seat);
  return parked;
}
/// The same for what most leaves are.
template <OperationLeafType L, void (*Continue)(Runnable&) noexcept>
bool start_leaf(L& leaf, Runnable& waiter) noexcept {
  assert(static_cast<void*>(&leaf) == &leaf.operation());
  return start_operation(leaf.operation(), leaf.node(), waiter, start_at_home<L, Continue>);
}

/// The same for one that only lets others run.
template <class L, void (*Continue)(Runnable&) noexcept>
  requires L::only_yields
bool start_leaf(L& leaf, Runnable& waiter) noexcept {
  start_yield(&leaf, waiter, start_at_home<L, Continue>);
  return true;
}

/// How a runnable that has come home starts the leaf that it could not start before.
template <class L, void (*Continue)(Runnable&) noexcept>
void start_at_home(Runnable& waiter) noexcept {
  waiter.resume = Continue;
  void* remembered = waiter.task->leaf;
  if (!start_leaf<L, Continue>(*static_cast<L*>(remembered), waiter)) Continue(waiter);
}

/// Continues a coroutine whose promise begins with a Runnable.
void resume_frame(Runnable& promise) noexcept;

/// What an asynchronous function of Rota returns: awaited by `co_await` in a task and by
/// `rota::await` in a fiber, once, at once.
template <class L>
class [[nodiscard]] Await {
 public:
  template <class... Args>
  explicit Await(std::in_place_t, Args&&... args) noexcept : leaf_(std::forward<Args>(args)...) {}
  Await(const Await&) = delete;
  Await& operator=(const Await&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
    requires std::is_base_of_v<Runnable, Promise>
  bool await_suspend(std::coroutine_handle<Promise> frame) noexcept {
    static_assert(LeafType<L>);
    return start_leaf<L, resume_frame>(leaf_, frame.promise());
  }
  decltype(auto) await_resume() noexcept(noexcept(std::declval<L&>().finish())) {
    return leaf_.finish();
  }
  [[nodiscard]] decltype(auto) await_resume() noexcept(noexcept(std::declval<L&>().finish()))
    requires GuardingLeaf<L>
  {
    return leaf_.finish();
  }

  [[nodiscard]] L& leaf() noexcept { return leaf_; }

 private:
  L leaf_;
};

}  // namespace rota::inline v0
