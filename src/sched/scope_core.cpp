#include <rota/core/check_usage.hpp>
#include <rota/core/scope_core.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/scope_errors.hpp>

#include "sched/seat.hpp"
#include "sched/thrown.hpp"
#include "sched/worker.hpp"

#include <new>
#include <utility>

namespace rota::inline v0 {

namespace {

/// Whether the calling thread was taken from `worker` with its task. The taker may not have said
/// yet that it is not the sole one any more.
bool was_taken_from(const Worker& worker) noexcept {
  const Seat& seat = this_seat();
  return seat.worker == nullptr && seat.task != nullptr && seat.task->home == &worker;
}

}  // namespace

/// The right to touch a scope: its lock, or the bracket of the one worker that may.
class ScopeCore::Hold {
 public:
  Hold(ScopeCore& scope, const Worker* here) noexcept {
    if (here != nullptr && here == scope.alone_with_ && here->is_sole()) [[likely]]
      return;
    check_usage(scope.alone_with_ == nullptr || !scope.alone_with_->is_sole() ||
                    was_taken_from(*scope.alone_with_),
                "a task spawned into a Scope of another worker; its owner must call share() first");
    lock_ = &scope.lock_;
    lock_->lock();
  }
  ~Hold() {
    if (lock_ != nullptr) lock_->unlock();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  SpinLock* lock_ = nullptr;
};

void ScopeCore::set_owner(TaskHeader& owner) noexcept {
  owner_ = &owner;
  Worker& home = *owner.home;
  if (!home.moves_tasks()) begin_alone_with(home);
}

bool ScopeCore::add(TaskHeader& child, const Worker* here) noexcept {
  if (refusing_.load(MemoryOrder::relaxed)) [[unlikely]]
    return false;
  bool stopping = false;
  {
    const Hold hold(*this, here);
    if (alone_with_ != nullptr && child.home != alone_with_) share();
    children_.push_back(child);
    count(live() + 1);
    stopping = stopping_;
  }
  // It does not run yet, so it is still there.
  if (stopping) request_stop(child);
  return true;
}

Runnable* ScopeCore::remove(TaskHeader& child, const Worker* here) noexcept {
  if (child.failed() && on_failure_ == OnFailure::stop_siblings) {
    fail(child.error);
    child.scope = nullptr;
  }
  const Hold hold(*this, here);
  children_.remove(child);
  count(live() - 1);
  if (live() != 0) return nullptr;
  return std::exchange(waiter_, nullptr);
}

void ScopeCore::fail(const std::exception_ptr& error) noexcept {
  if (become_first(error)) {
    stop_all();
    stop_body();
    return;
  }
  // Nobody writes the first error again. The stop that followed it is why a wait was cancelled.
  if (error == first_error_ || says_canceled(error)) return;
  try {
    std::list<std::exception_ptr> later(1, error);  // Nothing is allocated under the lock.
    const RuntimeSection section;
    const Hold hold(*this, section.worker());
    later_errors_.splice(later_errors_.end(), later);
  } catch (const std::bad_alloc&) {
  }
}

bool ScopeCore::become_first(const std::exception_ptr& error) noexcept {
  const RuntimeSection section;
  const Hold hold(*this, section.worker());
  if (first_error_ != nullptr) return false;
  first_error_ = error;
  return true;
}

void ScopeCore::rethrow_errors() {
  if (first_error_ == nullptr) return;
  if (later_errors_.empty()) std::rethrow_exception(first_error_);
  throw ScopeErrors(std::move(first_error_), std::move(later_errors_));
}

void ScopeCore::stop_all() noexcept {
  std::size_t left = 0;
  {
    const RuntimeSection section;
    const Hold hold(*this, section.worker());
    if (stopping_) return;
    stopping_ = true;
    left = live();
  }
  while (left != 0) left = stop_some(left);
}

/// Stops a few children, so that the lock is not held for long however many there are: it takes
/// them from the front of the list and puts them back at its end. Returns how many are left. Of
/// those that end meanwhile none is missed; those that come meanwhile may be stopped twice.
std::size_t ScopeCore::stop_some(std::size_t left) noexcept {
  constexpr std::size_t kAtOnce = 64;
  FifoList<StopNode> sent;
  {
    const RuntimeSection section;
    const Hold hold(*this, section.worker());
    for (std::size_t i = 0; i < kAtOnce && left != 0; ++i) {
      SiblingNode* child = children_.pop_front();
      left = child != nullptr ? left - 1 : 0;
      if (child == nullptr) break;
      children_.push_back(*child);
      auto& task = static_cast<TaskHeader&>(*child);
      if (task.stop.request()) sent.push_back(task);
    }
  }
  while (StopNode* stop = sent.pop_front()) send_stop(static_cast<TaskHeader&>(*stop));
  return left;
}

/// Called by a child that has not left the scope, or by the body: the owner is there.
void ScopeCore::stop_body() noexcept {
  if (owner_ == nullptr) return;
  requested.store(true, MemoryOrder::relaxed);
  notify_stop(*owner_);
}

namespace {

void stop_scopes(StopRegion* from, const StopRegion* end) noexcept {
  for (StopRegion* region = from; region != end; region = region->outer) {
    if (region->kind == StopRegion::Kind::scope) static_cast<ScopeCore*>(region)->stop_all();
  }
}

}  // namespace

void stop_inner_scopes(const TaskHeader& task) noexcept {
  // The innermost region that is reached by a stop of what surrounds `region`.
  StopRegion* reached = task.region;
  for (StopRegion* region = task.region; region != nullptr; region = region->outer) {
    if (region->requested.load(MemoryOrder::relaxed)) {
      stop_scopes(reached, region);
      reached = region;
    }
    if (region->kind == StopRegion::Kind::shield) reached = region->outer;
  }
  if (task.stop.is_requested()) stop_scopes(reached, nullptr);
}

bool ScopeCore::wait(Runnable& waiter) noexcept {
  const RuntimeSection section;
  const Hold hold(*this, section.worker());
  if (live() == 0) return false;
  waiter_ = &waiter;
  return true;
}

}  // namespace rota::inline v0
