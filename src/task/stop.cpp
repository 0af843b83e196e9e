#include <rota/stop.hpp>

namespace rota::inline v0 {

void StopSource::request_stop() noexcept {
  std::size_t left = 0;
  {
    SpinGuard guard(lock_);
    if (requested_.exchange(true, MemoryOrder::acq_rel)) return;
    left = live_;
  }
  while (left != 0) left = stop_some(left);
  settle_stops();
}

/// Stops a few regions under the lock, from the front of the list, which go to its end; their nodes
/// are sent after it. As in ScopeCore::stop_some.
std::size_t StopSource::stop_some(std::size_t left) noexcept {
  constexpr std::size_t kAtOnce = 64;
  FifoList<StopNode> sent;
  {
    SpinGuard guard(lock_);
    for (std::size_t i = 0; i < kAtOnce && left != 0; ++i) {
      StopLink* link = links_.pop_front();
      left = link != nullptr ? left - 1 : 0;
      if (link == nullptr) break;
      links_.push_back(*link);
      link->requested.store(true, MemoryOrder::relaxed);
      if (link->task->stop.request_look()) sent.push_back(*link->task);
    }
  }
  while (StopNode* stop = sent.pop_front()) send_stop(static_cast<TaskHeader&>(*stop));
  return left;
}

void StopSource::add(StopLink& link) noexcept {
  SpinGuard guard(lock_);
  links_.push_back(link);
  live_ += 1;
  if (requested_.load(MemoryOrder::relaxed)) {
    link.requested.store(true, MemoryOrder::relaxed);
  }
}

void StopSource::remove(StopLink& link) noexcept {
  SpinGuard guard(lock_);
  links_.remove(link);
  live_ -= 1;
}

}  // namespace rota::inline v0
