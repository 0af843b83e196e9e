#include <rota/stop.hpp>

namespace rota::inline v0 {

void StopSource::request_stop() noexcept {
  SpinGuard guard(lock_);
  requested_.store(true, MemoryOrder::release);
  for (StopLink* link = links_.front(); link != nullptr; link = link->next) {
    link->requested.store(true, MemoryOrder::relaxed);
    notify_stop(*link->task);
  }
}

void StopSource::add(StopLink& link) noexcept {
  SpinGuard guard(lock_);
  links_.push_back(link);
  if (requested_.load(MemoryOrder::relaxed)) {
    link.requested.store(true, MemoryOrder::relaxed);
  }
}

void StopSource::remove(StopLink& link) noexcept {
  SpinGuard guard(lock_);
  links_.remove(link);
}

}  // namespace rota::inline v0
