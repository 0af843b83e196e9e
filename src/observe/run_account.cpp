#include "observe/run_account.hpp"

#include <algorithm>

namespace rota::inline v0 {

std::span<TaskKind* const> RunAccount::kinds_in_group() const noexcept {
  return std::span(group_).first(kinds_in_group_);
}

/// Ends a group. A clock that a simulation has stopped gives no time.
void RunAccount::stamp(Instant now) noexcept {
  const auto spent_ns = static_cast<std::uint64_t>(std::max<std::int64_t>((now - stamped_).ns, 0));
  if (runs_ == 1) {
    end_lone_run(spent_ns);
  } else {
    end_runs(spent_ns);
  }
  runs_ = 0;
  most_runs_ = kGroup;
  last_ = nullptr;
  stamped_ = now;
}

/// What does I/O runs for longer than `kShortNs`, so this is short. Of the places only its own has
/// changed.
void RunAccount::end_lone_run(std::uint64_t spent_ns) noexcept {
  TaskKind& kind = *last_->kind;
  account_alone(kind, spent_ns);
  average_run_ns_.store((average_run_ns() * 9 + spent_ns) / 10, MemoryOrder::relaxed);
  last_->runs = 0;
  if (kind.probation != 0) last_->key = kNoKey;  // It is brought again, to have its group.
}

void RunAccount::end_runs(std::uint64_t spent_ns) noexcept {
  for (const Recent& place : recent_) gather(place);
  if (spent_ns < runs_ * kShortNs) {
    account_evenly(spent_ns);
  } else {
    account_as_one_long(spent_ns);
  }
  // As if each run had been averaged in by a tenth, with 0.9^n taken for 9 / (n + 9).
  const std::uint64_t average_ns = average_run_ns();
  average_run_ns_.store((average_ns * 9 + spent_ns) / (runs_ + 9), MemoryOrder::relaxed);
  for (TaskKind* kind : kinds_in_group()) kind->unstamped = 0;
  kinds_in_group_ = 0;
  recent_.fill({});
}

void RunAccount::account_alone(TaskKind& kind, std::uint64_t spent_ns) noexcept {
  kind.run_ns.record(spent_ns);
  kind.total_ns += spent_ns;
  if (spent_ns >= kShortNs) {
    kind.probation = TaskKind::kProbation;
  } else if (kind.probation != 0) {
    kind.probation -= 1;
  }
  if (!longest_.would_keep(spent_ns)) return;
  const bool has_name = most_runs_ == 1 && !name_.view().empty();
  const TaskName& name = has_name ? name_ : kind.name;
  longest_.offer({name, kind.site, spent_ns, stamped_, 1});
}

void RunAccount::account_evenly(std::uint64_t spent_ns) noexcept {
  short_run_ns_ = spent_ns / runs_;
  for (TaskKind* kind : kinds_in_group()) {
    kind->run_ns.record(short_run_ns_, kind->unstamped);
    kind->total_ns += short_run_ns_ * kind->unstamped;
  }
  last_->kind->total_ns += spent_ns - short_run_ns_ * runs_;  // What the division left.
}

/// Rule 3.
void RunAccount::account_as_one_long(std::uint64_t spent_ns) noexcept {
  TaskKind& suspect = likely_long();
  const std::uint64_t long_ns = spent_ns - short_run_ns_ * (runs_ - 1);
  suspect.unstamped -= 1;
  for (TaskKind* kind : kinds_in_group()) {
    kind->probation = TaskKind::kProbation;
    kind->run_ns.record(short_run_ns_, kind->unstamped);
    kind->total_ns += short_run_ns_ * kind->unstamped;
  }
  suspect.run_ns.record(long_ns);
  suspect.total_ns += long_ns;
  longest_.offer({suspect.name, suspect.site, long_ns, stamped_, runs_});
}

TaskKind& RunAccount::likely_long() const noexcept {
  TaskKind* suspect = last_->kind;
  for (TaskKind* kind : kinds_in_group()) {
    const std::uint64_t longest_ns = kind->run_ns.max_ns();
    if (longest_ns >= kShortNs && longest_ns > suspect->run_ns.max_ns()) suspect = kind;
  }
  return *suspect;
}

/// Rule 8.
void RunAccount::record_wait(TaskKind& kind, Duration waited) noexcept {
  const std::uint64_t meanwhile = kNever - until_probe_;
  const auto waited_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(waited.ns, 0));
  kind.queue_ns.record(waited_ns, meanwhile / kSampleEvery + 1);
}

}  // namespace rota::inline v0
