#include <rota/sender_stop.hpp>

namespace rota::inline v0 {

void SenderStopSource::request_stop() noexcept {
  {
    SpinGuard guard(lock_);
    if (requested_.load(MemoryOrder::relaxed)) return;
    requested_.store(true, MemoryOrder::release);
    caller_ = &current_seat();
  }
  for (;;) {
    StopCall* call = nullptr;
    {
      SpinGuard guard(lock_);
      call = running_ = calls_.pop_front();
      if (call == nullptr) return;
      call->is_listed = false;
    }
    call->call(*call);
  }
}

bool SenderStopSource::add(StopCall& call) noexcept {
  SpinGuard guard(lock_);
  if (requested_.load(MemoryOrder::relaxed)) return false;
  calls_.push_back(call);
  call.is_listed = true;
  return true;
}

/// Takes a callback out of the list; false while another thread calls it.
bool SenderStopSource::is_gone(StopCall& call) noexcept {
  SpinGuard guard(lock_);
  if (call.is_listed) {
    calls_.remove(call);
    call.is_listed = false;
  } else if (running_ == &call) {
    if (caller_ != &current_seat()) return false;
    running_ = nullptr;
  }
  return true;
}

void SenderStopSource::remove(StopCall& call) noexcept {
  for (SpinWait wait; !is_gone(call); wait.once()) {
  }
}

}  // namespace rota::inline v0
