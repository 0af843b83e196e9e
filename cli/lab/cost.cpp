#include "cost.hpp"

#include "quantity.hpp"

namespace rota::cli {
namespace {

bool is_memory(const Workload& workload) { return workload.kind == WorkloadKind::idle; }

}  // namespace

double Sample::* cost_of(const Workload& workload) noexcept {
  return is_memory(workload) ? &Sample::resident_bytes : &Sample::cpu_ns;
}

std::string cost_title(const Workload& workload) {
  return (is_memory(workload) ? "Memory per " : "CPU per ") + std::string(workload.operation);
}

std::string format_cost(const Workload& workload, double cost) {
  return is_memory(workload) ? format_bytes(cost) : format_ns(cost);
}

std::string format_cost_range(const Workload& workload, double least, double most) {
  return is_memory(workload) ? format_bytes_range(least, most) : format_ns_range(least, most);
}

}  // namespace rota::cli
