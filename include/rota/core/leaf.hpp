#pragma once

#include <rota/core/runnable.hpp>

namespace rota::inline v0 {

/// What a suspended task is parked on: the innermost awaited object, in the frame that awaits it.
///
/// A leaf type offers `bool start(Runnable&)` (true: parked, a later wake resumes; false: the
/// result is there) and `T finish()`. Coroutines and fibers reach it through one adaptor each.
///
/// `cancel` asks for an early end. It is called by the task's home worker only, while the task is
/// parked on this leaf. It may make the task ready at once, or later: a cancelled wait always
/// ends by the same wake as any other, and never before its last completion.
struct Leaf {
  Runnable* waiter = nullptr;
  void (*cancel)(Leaf&) noexcept = nullptr;
};

}  // namespace rota::inline v0
