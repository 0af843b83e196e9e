// Rules
//   1. A wait stands in the condition's line before it unlocks the mutex. Whoever changes what the
//      mutex guards locks it after that, and so finds it there.
//   2. Whoever takes it out of that line, a notification or a stop, sends it to the mutex, by
//      `take_mutex`: outside the condition's lock, and with the task still parked. The task is
//      made ready by whoever gets it the mutex: at once by the sender, or later by an unlocking.
//   3. A stop looks under the condition's lock in which line the wait stands: in the mutex's line,
//      or on its way there, it was notified, and success wins.

#include <rota/condition_variable.hpp>

namespace rota::inline v0 {

namespace {

Permits& checked(Permits* held) noexcept {
  check_usage(held != nullptr,
              "a ConditionVariable was waited for with a guard that holds nothing");
  return *held;
}

}  // namespace

ConditionWait::ConditionWait(ConditionVariable& condition, MutexGuard& guard) noexcept
    : PermitWait(condition, 1), condition_(condition), mutex_(checked(guard.from())) {}

bool ConditionWait::start(Runnable& self) noexcept {
  Permits& mutex = mutex_;
  {
    SpinGuard guard(condition_.line_lock);
    park_in(condition_.waiters_, self, stop);
  }
  // From here on the task may be notified, and from the unlocking on it may run.
  mutex.give(1);
  return true;
}

bool ConditionWait::take_mutex() noexcept { return mutex_.take_parked(*this); }

void ConditionWait::stop(Leaf& leaf) noexcept {
  auto& wait = static_cast<ConditionWait&>(leaf);
  {
    ConditionVariable& condition = wait.condition_;
    SpinGuard guard(condition.line_lock);
    const WaitRoom* here = &condition;
    if (&wait.room() != here || !wait.leave(condition.waiters_)) return;
    wait.move_to(wait.mutex_);
  }
  if (wait.take_mutex()) requeue(*wait.waiter);
}

void ConditionVariable::notify_one() noexcept {
  ConditionWait* first = nullptr;
  {
    SpinGuard guard(line_lock);
    first = static_cast<ConditionWait*>(LineWait::take_first(waiters_));
    if (first != nullptr) first->move_to(first->mutex_);
  }
  if (first != nullptr && first->take_mutex()) LineWait::wake(first);
}

void ConditionVariable::notify_all() noexcept {
  WaitLine notified;
  {
    SpinGuard guard(line_lock);
    notified = LineWait::take_all(waiters_);
    for (LineWait* wait = notified.front(); wait != nullptr; wait = wait->next) {
      wait->move_to(static_cast<ConditionWait*>(wait)->mutex_);
    }
  }
  while (auto* first = static_cast<ConditionWait*>(notified.pop_front())) {
    if (first->take_mutex()) LineWait::wake(first);
  }
}

}  // namespace rota::inline v0
