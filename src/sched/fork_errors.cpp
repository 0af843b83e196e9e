#include <rota/core/fork_errors.hpp>
#include <rota/core/fork_frame.hpp>
#include <rota/scope_errors.hpp>

#include <new>
#include <utility>

namespace rota::inline v0 {

void ForkErrors::add(ForkFrame& frame, const std::exception_ptr& error) noexcept {
  // The stop that follows the first error is why a wait was cancelled.
  if (become_first(frame, error) || says_canceled(error)) return;
  try {
    LaterList later(1, Later{&frame, error});  // Nothing is allocated under the lock.
    const SpinGuard guard(lock_);
    if (error != frame.error) later_.splice(later_.end(), later);
  } catch (const std::bad_alloc&) {
  }
}

bool ForkErrors::become_first(ForkFrame& frame, const std::exception_ptr& error) noexcept {
  const SpinGuard guard(lock_);
  if (frame.has_failed()) return false;
  ::new (&frame.error) std::exception_ptr(error);
  frame.failed.store(true, MemoryOrder::relaxed);
  failed_.fetch_add(1, MemoryOrder::relaxed);
  return true;
}

ForkErrors::LaterList ForkErrors::take(ForkFrame& frame, std::exception_ptr& first) noexcept {
  const SpinGuard guard(lock_);
  first = std::move(frame.error);
  frame.error.~exception_ptr();
  frame.failed.store(false, MemoryOrder::relaxed);
  failed_.fetch_sub(1, MemoryOrder::relaxed);
  LaterList taken;
  for (auto each = later_.begin(); each != later_.end();) {
    const auto next = std::next(each);
    if (each->frame == &frame) taken.splice(taken.end(), later_, each);
    each = next;
  }
  return taken;
}

void ForkErrors::rethrow(ForkFrame& frame) {
  std::exception_ptr first;
  LaterList taken = take(frame, first);
  if (taken.empty()) std::rethrow_exception(std::move(first));
  ScopeErrors::Later later;
  for (Later& each : taken) later.push_back(std::move(each.error));
  throw ScopeErrors(std::move(first), std::move(later));
}

}  // namespace rota::inline v0
