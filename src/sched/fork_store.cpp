#include "sched/fork_store.hpp"

#include <rota/core/spin_lock.hpp>

#include "sched/seat.hpp"

#include <coroutine>
#include <utility>

namespace rota::inline v0 {

namespace {

struct FreeStores {
  SpinLock lock;
  ForkStore* first = nullptr;
};

constinit FreeStores free_stores;

void run_stolen(Runnable& runnable) noexcept {
  ForkFrame& frame = *static_cast<StolenRun&>(runnable).frame;
  Seat& seat = this_seat();
  frame.join.note_theft();
  frame.here = seat.forks;
  seat.forks->runs(&frame);
  seat.task = frame.root->waiter->task;
  handle_of(frame).resume();
}

}  // namespace

StolenRun::StolenRun() noexcept {
  resume = run_stolen;
  task = &header;
}

ForkStore& ForkStore::acquire(SharedWork* shared) {
  ForkStore* store = nullptr;
  {
    SpinGuard guard(free_stores.lock);
    store = free_stores.first;
    if (store != nullptr) free_stores.first = std::exchange(store->next_store_, nullptr);
  }
  if (store == nullptr) store = new ForkStore;
  store->idle_ = shared != nullptr ? &shared->idle : nullptr;
  return *store;
}

void ForkStore::retire(ForkStore& store) noexcept {
  store.frames_.hand_over();
  SpinGuard guard(free_stores.lock);
  store.next_store_ = std::exchange(free_stores.first, &store);
}

bool ForkStore::must_stop() const noexcept {
  if (running_ == nullptr || !running_->root->errors.any()) return false;
  const ForkFrame* part = running_;
  while (part != nullptr && !part->has_failed()) part = part->parent;
  return part != nullptr;
}

Runnable& ForkStore::stolen_run(ForkFrame& frame, Worker& worker) noexcept {
  stolen_run_.frame = &frame;
  stolen_run_.header.home.set(&worker);
  // The run counts as one of the task's kind. The task is there at least until the frame has run.
  stolen_run_.header.label = frame.root->waiter->task->label;
  return stolen_run_;
}

}  // namespace rota::inline v0
