#include <rota/capabilities.hpp>

#include "runtime/capabilities/groups.hpp"

#include <optional>

namespace rota::inline v0 {

std::string joined(const std::vector<Refusal>& refusals, const std::error_code& error) {
  if (refusals.empty()) return error.message();
  std::string text;
  for (const Refusal& refusal : refusals) {
    if (!text.empty()) text += ' ';
    text += refusal.reason;
  }
  return text;
}

std::vector<Capability> probe_capabilities() {
  CapabilityList list;
  probe_drivers(list);
  probe_file_engines(list);
  probe_ring(list);
  probe_kernel(list);
  probe_calls(list);
  probe_process(list);
  probe_processor(list);
  probe_placement(list);
  const std::optional<Measurements> kept = kept_measurements();
  const Measurements measured = kept ? *kept : measure_machine();
  probe_costs(list, measured, kept.has_value());
  probe_waiting(list, measured.wake);
  probe_names(list);
  return list.take();
}

}  // namespace rota::inline v0
