#include <rota/interval.hpp>

#include <rota/core/worker_calls.hpp>

#include <cerrno>

namespace rota::inline v0 {

TickLeaf::TickLeaf(Interval& interval) noexcept
    : SleepLeaf(interval.next_, interval.slack_), interval_(interval) {}

bool TickLeaf::start(Runnable& self) noexcept {
  return interval_.next_ > home_now(self) && SleepLeaf::start(self);
}

Result<Instant> TickLeaf::finish() const noexcept {
  if (!SleepLeaf::finish()) return failure(ECANCELED);
  return interval_.take(now());
}

Instant Interval::take(Instant at) noexcept {
  const Instant due = next_;
  switch (missed_) {
    case MissedTicks::burst: next_ = due + period_; break;
    case MissedTicks::delay: next_ = at + period_; break;
    case MissedTicks::skip: next_ = due + period_ * ((at - due).ns / period_.ns + 1); break;
  }
  return due;
}

}  // namespace rota::inline v0
