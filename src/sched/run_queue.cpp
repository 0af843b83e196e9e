#include "sched/run_queue.hpp"

namespace rota::inline v0 {

void RunQueue::overflow(Runnable& runnable) noexcept {
  RunList batch;
  // When a thief is at work there is about to be room, and one is enough.
  const std::uint32_t moved = ring_.take_half(batch);
  batch.push_back(runnable);
  shared_->injector.push_chain(std::move(batch), moved + 1);
}

}  // namespace rota::inline v0
