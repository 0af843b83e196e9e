#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>

#include <utility>

namespace rota::inline v0 {

/// The one-shot right to make one parked runnable ready; one pointer wide. Whoever ends a wait
/// takes it out of the wait, under the lock that the canceller takes too, so that a suspension is
/// ended by exactly one wake. Move-only; any thread. Dropping one that was not used would strand
/// its task, so it ends the process.
class Waker {
 public:
  explicit Waker(Runnable& parked) noexcept : parked_(&parked) {}
  Waker(Waker&& other) noexcept : parked_(std::exchange(other.parked_, nullptr)) {}
  Waker& operator=(Waker&&) = delete;
  ~Waker() {
    check_usage(parked_ == nullptr, "a waker was dropped: its task would sleep for ever");
  }

  /// The waiter's frame may be gone when this returns.
  void wake() && noexcept { make_ready(*std::exchange(parked_, nullptr)); }

 private:
  Runnable* parked_;
};
static_assert(sizeof(Waker) == sizeof(void*));

}  // namespace rota::inline v0
