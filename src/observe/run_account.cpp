#include "observe/run_account.hpp"

#include <algorithm>
#include <span>

namespace rota::inline v0 {

/// Ends a group. A clock that a simulation has stopped gives no time.
void RunAccount::stamp(Instant now, LongOne which) noexcept {
  const auto spent_ns = static_cast<std::uint64_t>(std::max<std::int64_t>((now - stamped_).ns, 0));
  if (runs_ == 1) {
    account_alone(spent_ns);
  } else if (spent_ns < runs_ * kShortNs) {
    account_evenly(spent_ns);
  } else {
    account_as_one_long(spent_ns, which == LongOne::last ? *last_ : likely_long());
  }
  // As if each run had been averaged in by a tenth, with 0.9^n taken for 9 / (n + 9).
  const std::uint64_t average_ns = average_run_ns();
  average_run_ns_.store((average_ns * 9 + spent_ns) / (runs_ + 9), MemoryOrder::relaxed);
  for (TaskKind* kind : std::span(group_).first(kinds_in_group_)) kind->unstamped = 0;
  kinds_in_group_ = 0;
  runs_ = 0;
  name_ = {};
  stamped_ = now;
}

void RunAccount::account_alone(std::uint64_t spent_ns) noexcept {
  TaskKind& kind = *last_;
  kind.run_ns.record(spent_ns);
  kind.total_ns += spent_ns;
  if (spent_ns >= kShortNs) {
    kind.probation = TaskKind::kProbation;
  } else if (kind.probation != 0) {
    kind.probation -= 1;
  }
  if (!longest_.would_keep(spent_ns)) return;
  const TaskName& name = name_.view().empty() ? kind.name : name_;
  longest_.offer({name, kind.site, spent_ns, stamped_, 1});
}

void RunAccount::account_evenly(std::uint64_t spent_ns) noexcept {
  short_run_ns_ = spent_ns / runs_;
  for (TaskKind* kind : std::span(group_).first(kinds_in_group_)) {
    kind->run_ns.record(short_run_ns_, kind->unstamped);
    kind->total_ns += short_run_ns_ * kind->unstamped;
  }
  last_->total_ns += spent_ns - short_run_ns_ * runs_;  // What the division left.
}

/// Rule 3.
void RunAccount::account_as_one_long(std::uint64_t spent_ns, TaskKind& suspect) noexcept {
  const std::uint64_t long_ns = spent_ns - short_run_ns_ * (runs_ - 1);
  suspect.unstamped -= 1;
  for (TaskKind* kind : std::span(group_).first(kinds_in_group_)) {
    kind->probation = TaskKind::kProbation;
    kind->run_ns.record(short_run_ns_, kind->unstamped);
    kind->total_ns += short_run_ns_ * kind->unstamped;
  }
  suspect.run_ns.record(long_ns);
  suspect.total_ns += long_ns;
  longest_.offer({suspect.name, suspect.site, long_ns, stamped_, runs_});
}

TaskKind& RunAccount::likely_long() const noexcept {
  TaskKind* suspect = last_;
  for (TaskKind* kind : std::span(group_).first(kinds_in_group_)) {
    if (kind->run_ns.max_ns() > suspect->run_ns.max_ns()) suspect = kind;
  }
  return suspect->run_ns.max_ns() >= kShortNs ? *suspect : *last_;
}

void RunAccount::begin_probe(const Runnable& runnable, Instant now) noexcept {
  probe_ = &runnable;
  probe_began_ = now;
  ready_before_probe_ = ready_;
  next_probe_ = kNever;
}

/// Rule 8.
void RunAccount::end_probe(TaskKind& kind, Instant now) noexcept {
  const std::int64_t waited_ns = std::max<std::int64_t>((now - probe_began_).ns, 0);
  const std::uint64_t meanwhile = ready_ - ready_before_probe_;
  kind.queue_ns.record(static_cast<std::uint64_t>(waited_ns), meanwhile / kSampleEvery + 1);
  forget_probe();
}

}  // namespace rota::inline v0
