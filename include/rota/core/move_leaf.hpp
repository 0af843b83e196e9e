#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>

#include <cerrno>

namespace rota::inline v0 {

/// Travels to the home of a Descriptor, which hands it on to `to` and wakes the waiter.
struct MoveErrand : Errand {
  Descriptor* descriptor = nullptr;
  Worker* to = nullptr;
  Runnable* waiter = nullptr;
  int error = 0;
};

/// Moves a Descriptor to another worker. A stop refuses it, and does not end it once it has begun:
/// it waits for nothing but workers.
class MoveLeaf : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  MoveLeaf(Descriptor* descriptor, WorkerIndex to) noexcept : to_(to) {
    errand_.descriptor = descriptor;
  }

  bool start(Runnable& self) noexcept;
  void refuse() noexcept { errand_.error = ECANCELED; }
  [[nodiscard]] Result<void> finish() const noexcept {
    if (errand_.error != 0) return failure(errand_.error);
    return {};
  }

 private:
  const WorkerIndex to_;
  MoveErrand errand_;
};

}  // namespace rota::inline v0
