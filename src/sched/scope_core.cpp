#include <rota/core/scope_core.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>
#include <rota/scope_errors.hpp>

#include <new>
#include <system_error>
#include <utility>

namespace rota::inline v0 {
namespace {

/// Whether a task threw because one of its waits was cancelled, in either way in which a Result's
/// error becomes an exception.
bool says_canceled(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_expected_access<std::error_code>& thrown) {
    return is_canceled(thrown.error());
  } catch (const std::system_error& thrown) {
    return is_canceled(thrown.code());
  } catch (...) {
    return false;
  }
}

}  // namespace

bool ScopeCore::add(TaskHeader& child) noexcept {
  SpinGuard guard(lock_);
  if (refusing_) return false;
  children_.push_back(child);
  live_ += 1;
  if (stopping_) request_stop(child);
  return true;
}

void ScopeCore::refuse() noexcept {
  SpinGuard guard(lock_);
  refusing_ = true;
}

Runnable* ScopeCore::remove(TaskHeader& child) noexcept {
  if (child.failed() && on_failure_ == OnFailure::stop_siblings) fail(child.error);
  SpinGuard guard(lock_);
  children_.remove(child);
  live_ -= 1;
  if (live_ != 0) return nullptr;
  return std::exchange(waiter_, nullptr);
}

void ScopeCore::fail(const std::exception_ptr& error) noexcept {
  if (become_first(error)) {
    stop_all();
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

std::size_t ScopeCore::live() noexcept {
  SpinGuard guard(lock_);
  return live_;
}

bool ScopeCore::stopping() noexcept {
  SpinGuard guard(lock_);
  return stopping_;
}

}  // namespace rota::inline v0
