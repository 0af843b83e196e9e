#include <rota/event.hpp>

#include <rota/core/waker.hpp>

namespace rota::inline v0 {

bool EventWait::start(Runnable& self) noexcept {
  waiter = &self;
  cancel = [](Leaf& leaf) noexcept { static_cast<EventWait&>(leaf).stop(); };
  Event& on = event();
  SpinGuard guard(on.lock_);
  if (on.set_.load(MemoryOrder::relaxed)) return false;
  park(*this);
  link();
  on.waiters_.push_back(*this);
  return true;
}

void EventWait::stop() noexcept {
  {
    Event& on = event();
    SpinGuard guard(on.lock_);
    // The event was set: the wake is on its way, and success wins.
    if (!linked()) return;
    on.waiters_.remove(*this);
    event_.store(kStopped, MemoryOrder::relaxed);
  }
  requeue(*waiter);
}

void Event::set() noexcept {
  LinkedList<EventWait> woken;
  {
    SpinGuard guard(lock_);
    set_.store(true, MemoryOrder::release);
    woken = std::move(waiters_);
    for (EventWait* wait = woken.front(); wait != nullptr; wait = wait->next) wait->unlink();
  }
  // A waiter's frame lives until it is made ready, so its link is read before that.
  while (EventWait* wait = woken.pop_front()) Waker(*wait->waiter).wake();
}

void Event::reset() noexcept {
  SpinGuard guard(lock_);
  set_.store(false, MemoryOrder::relaxed);
}

}  // namespace rota::inline v0
