#include "observe/task_lengths.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace rota::inline v0 {
namespace {

/// What the parts of a kind, or of a worker, add up to.
struct Sum {
  HistogramSum run_ns;
  HistogramSum queue_ns;
  std::uint64_t total_ns = 0;

  void add(const TaskKind& kind) noexcept {
    run_ns.add(kind.run_ns);
    queue_ns.add(kind.queue_ns);
    total_ns += kind.total_ns;
  }
};

/// The same kind, as several workers have seen it.
struct KindSum {
  explicit KindSum(const TaskKind& first) : name(first.name), site(first.site) {}

  TaskName name;
  std::source_location site;
  Sum sum;
};

Duration to_duration(std::uint64_t ns) noexcept { return Duration{static_cast<std::int64_t>(ns)}; }

LengthSpread spread_of(const HistogramSum& histogram) noexcept {
  return {to_duration(histogram.percentile_ns(0.5)), to_duration(histogram.percentile_ns(0.99)),
          to_duration(histogram.percentile_ns(0.999)), to_duration(histogram.max_ns())};
}

void fill(RunLengths& lengths, const Sum& sum) noexcept {
  lengths.runs = sum.run_ns.count();
  lengths.total = to_duration(sum.total_ns);
  lengths.run = spread_of(sum.run_ns);
  lengths.queued = spread_of(sum.queue_ns);
  lengths.samples = sum.queue_ns.count();
}

/// By what it says: a site in a header has an address in each program part that includes it.
bool same_line(std::source_location a, std::source_location b) noexcept {
  return a.line() == b.line() && a.column() == b.column() &&
         std::strcmp(a.file_name(), b.file_name()) == 0;
}

void add_kind(std::vector<KindSum>& kinds, const TaskKind& kind) {
  auto known = std::ranges::find_if(
      kinds, [&kind](const KindSum& other) { return same_line(other.site, kind.site); });
  if (known == kinds.end()) known = kinds.emplace(kinds.end(), kind);
  known->sum.add(kind);
}

void add_slices(std::vector<LongSlice>& slices, const RunAccount& account, std::size_t worker) {
  for (const Slice& slice : account.longest().copy()) {
    if (slice.ns == 0) break;
    slices.push_back({std::string(slice.name.view()), slice.site, to_duration(slice.ns),
                      slice.began, slice.among, worker});
  }
}

}  // namespace

TaskLengths task_lengths(std::span<const RunAccount* const> workers) {
  TaskLengths lengths;
  std::vector<KindSum> kinds;
  for (const RunAccount* account : workers) {
    Sum sum;
    account->kinds().for_each([&](const TaskKind& kind) {
      sum.add(kind);
      add_kind(kinds, kind);
    });
    WorkerLengths worker;
    fill(worker, sum);
    worker.average_run = to_duration(account->average_run_ns());
    lengths.workers.push_back(worker);
    add_slices(lengths.longest, *account, lengths.workers.size() - 1);
  }
  for (const KindSum& each : kinds) {
    if (each.sum.run_ns.count() == 0) continue;
    KindLengths kind;
    fill(kind, each.sum);
    kind.name = each.name.view();
    kind.site = each.site;
    lengths.kinds.push_back(std::move(kind));
  }
  std::ranges::sort(lengths.kinds, std::ranges::greater{},
                    [](const KindLengths& kind) { return kind.total.ns; });
  std::ranges::sort(lengths.longest, std::ranges::greater{},
                    [](const LongSlice& slice) { return slice.length.ns; });
  return lengths;
}

}  // namespace rota::inline v0
