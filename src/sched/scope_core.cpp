#include <rota/core/scope_core.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/scope_errors.hpp>

#include "sched/thrown.hpp"

#include <new>
#include <utility>

namespace rota::inline v0 {
bool ScopeCore::add(TaskHeader& child) noexcept {
  bool stopping = false;
  {
    SpinGuard guard(lock_);
    if (refusing_) return false;
    children_.push_back(child);
    live_ += 1;
    stopping = stopping_;
  }
  // It does not run yet, so it is still there.
  if (stopping) request_stop(child);
  return true;
}

void ScopeCore::refuse() noexcept {
  SpinGuard guard(lock_);
  refusing_ = true;
}

Runnable* ScopeCore::remove(TaskHeader& child) noexcept {
  if (child.failed() && on_failure_ == OnFailure::stop_siblings) {
    fail(child.error);
    child.scope = nullptr;
  }
  SpinGuard guard(lock_);
  children_.remove(child);
  live_ -= 1;
  if (live_ != 0) return nullptr;
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
    SpinGuard guard(lock_);
    later_errors_.splice(later_errors_.end(), later);
  } catch (const std::bad_alloc&) {
  }
}

bool ScopeCore::become_first(const std::exception_ptr& error) noexcept {
  SpinGuard guard(lock_);
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
    SpinGuard guard(lock_);
    if (stopping_) return;
    stopping_ = true;
    left = live_;
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
    SpinGuard guard(lock_);
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
  SpinGuard guard(lock_);
  if (live_ == 0) return false;
  waiter_ = &waiter;
  return true;
}

std::size_t ScopeCore::live() noexcept {
  SpinGuard guard(lock_);
  return live_;
}

bool ScopeCore::stopping() noexcept {
  SpinGuard guard(lock_);
  return stopping_;
}

}  // namespace rota::inline v0
