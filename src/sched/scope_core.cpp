#include <rota/core/scope_core.hpp>
#include <rota/core/worker_calls.hpp>

#include <utility>

namespace rota::inline v0 {

void ScopeCore::add(TaskHeader& child) noexcept {
  SpinGuard guard(lock_);
  children_.push_back(child);
  live_ += 1;
  if (stopping_) request_stop(child);
}

Runnable* ScopeCore::remove(TaskHeader& child) noexcept {
  bool stop_siblings = false;
  if (child.failed()) {
    SpinGuard guard(lock_);
    stop_siblings = on_failure_ == OnFailure::stop_siblings && !stopping_;
    if (first_error_ == nullptr) {
      first_error_ = child.error;
    } else {
      later_errors_ += 1;
    }
  }
  if (stop_siblings) stop_all();
  SpinGuard guard(lock_);
  children_.remove(child);
  live_ -= 1;
  if (live_ != 0) return nullptr;
  return std::exchange(waiter_, nullptr);
}

void ScopeCore::stop_all() noexcept {
  SpinGuard guard(lock_);
  stopping_ = true;
  for (SiblingNode* child = children_.front(); child != nullptr; child = child->next) {
    request_stop(static_cast<TaskHeader&>(*child));
  }
}

bool ScopeCore::wait(Runnable& waiter) noexcept {
  SpinGuard guard(lock_);
  if (live_ == 0) return false;
  waiter_ = &waiter;
  return true;
}

void ScopeCore::stop_waiting() noexcept {
  SpinGuard guard(lock_);
  waiter_ = nullptr;
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
