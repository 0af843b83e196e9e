#include "lab_results.hpp"

#include <algorithm>

namespace rota::cli {
namespace {

bool at_least_half(const std::vector<Sample>& samples, bool (*holds)(const Sample&)) {
  const auto count = static_cast<std::size_t>(std::ranges::count_if(samples, holds));
  return count > 0 && count * 2 >= samples.size();
}

}  // namespace

bool Cell::generator_bound() const {
  return at_least_half(samples, [](const Sample& sample) {
    return sample.generator_busy.value_or(0) >= generator_bound_share;
  });
}

bool Cell::disturbed() const {
  return at_least_half(samples,
                       [](const Sample& sample) { return sample.waited_share > disturbed_share; });
}

bool Cell::warm_after_all() const {
  return workload->cache == PageCache::cold && at_least_half(samples, [](const Sample& sample) {
           return sample.device_share.value_or(1) < cold_share;
         });
}

bool LabResults::complete() const {
  const bool failed = std::ranges::any_of(
      cells, [](const Cell& cell) { return cell.usable && !cell.refusal.empty(); });
  const bool measured =
      std::ranges::any_of(cells, [](const Cell& cell) { return !cell.samples.empty(); });
  return measured && !failed;
}

const Cell* LabResults::baseline_of(const Cell& cell) const {
  for (const Cell& other : cells) {
    if (other.workload == cell.workload && other.setup.title() == baseline) return &other;
  }
  return nullptr;
}

std::vector<const Workload*> LabResults::workloads() const {
  std::vector<const Workload*> found;
  for (const Cell& cell : cells) {
    if (found.empty() || found.back() != cell.workload) found.push_back(cell.workload);
  }
  return found;
}

std::vector<const Cell*> LabResults::cells_of(const Workload& workload) const {
  std::vector<const Cell*> found;
  for (const Cell& cell : cells) {
    if (cell.workload == &workload) found.push_back(&cell);
  }
  return found;
}

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return Spread{median, values.front(), values.back()};
}

std::optional<Spread> spread_of(const Cell& cell, double Sample::* figure) {
  std::vector<double> values;
  for (const Sample& sample : cell.samples) values.push_back(sample.*figure);
  return spread_of(std::move(values));
}

std::optional<Spread> ratio_of(const Cell& cell, const Cell& baseline, double Sample::* figure) {
  std::vector<double> ratios;
  for (const Sample& sample : cell.samples) {
    const auto other = std::ranges::find(baseline.samples, sample.round, &Sample::round);
    if (other == baseline.samples.end() || (*other).*figure <= 0) continue;
    ratios.push_back(sample.*figure / ((*other).*figure));
  }
  return spread_of(std::move(ratios));
}

}  // namespace rota::cli
