#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstdint>
#include <exception>
#include <list>

namespace rota::inline v0 {

struct ForkFrame;

// What has failed in one tree of forking functions, from when it is thrown until a join, or a call,
// rethrows it. A function is to what it has forked and called what a scope is to its children.
//
// Rules
//   1. The first error of a function is in its frame, and `failed` says so; later ones are here, in
//      the order in which they happened. All under the lock, which is taken for errors alone.
//   2. An error is kept for the function that forked or called what threw it; the root's own for
//      whoever awaits it. It is given out when nothing of what the function has forked runs.
//   3. `any` counts the functions that have failed. Whoever asks whether it must stop looks at
//      `failed` of all that its function is a part of, and only while there is any.
class ForkErrors {
 public:
  ForkErrors() = default;
  ForkErrors(const ForkErrors&) = delete;
  ForkErrors& operator=(const ForkErrors&) = delete;

  /// Any worker. A later error is kept unless it is the first again, or says only that a task was
  /// stopped. When there is no memory to keep it, the first goes on without it.
  void add(ForkFrame& frame, const std::exception_ptr& error) noexcept;
  /// Throws what is kept for the frame, which has failed: one error as itself, more as ScopeErrors.
  [[noreturn]] void rethrow(ForkFrame& frame);
  // Relaxed: whoever looks whether to stop may be late, and a join orders the errors.
  [[nodiscard]] bool any() const noexcept { return failed_.load(MemoryOrder::relaxed) != 0; }

 private:
  struct Later {
    const ForkFrame* frame;
    std::exception_ptr error;
  };
  using LaterList = std::list<Later>;

  [[nodiscard]] bool become_first(ForkFrame& frame, const std::exception_ptr& error) noexcept;
  [[nodiscard]] LaterList take(ForkFrame& frame, std::exception_ptr& first) noexcept;

  SpinLock lock_;
  Atomic<std::uint32_t> failed_{0};  // written under the lock
  LaterList later_;
};

}  // namespace rota::inline v0
