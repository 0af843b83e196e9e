#pragma once

#include <rota/capabilities.hpp>
#include <rota/measurements.hpp>

#include "base/errno_text.hpp"
#include "driver/refusal.hpp"

#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// Collects what a probe finds, group by group.
class CapabilityList {
 public:
  void begin_group(std::string name) { group_ = std::move(name); }
  void yes(std::string name, std::string detail) {
    add(std::move(name), Availability::yes, std::move(detail));
  }
  void no(std::string name, std::string reason) {
    add(std::move(name), Availability::no, std::move(reason));
  }
  void fact(std::string name, std::string value) {
    add(std::move(name), Availability::fact, std::move(value));
  }
  [[nodiscard]] std::vector<Capability> take() { return std::move(found_); }

 private:
  void add(std::string name, Availability available, std::string detail) {
    found_.push_back({std::move(name), group_, available, std::move(detail)});
  }

  std::string group_;
  std::vector<Capability> found_;
};

/// The refusals in one sentence: a mechanism may be refused step by step, for fewer flags or less
/// memory.
[[nodiscard]] std::string joined(const std::vector<Refusal>& refusals,
                                 const std::error_code& error);

/// "14.2 µs".
[[nodiscard]] std::string in_us(Duration span);

// One file each; each begins its own group.
void probe_kernel(CapabilityList& list);
void probe_drivers(CapabilityList& list);
void probe_file_engines(CapabilityList& list);
void probe_ring(CapabilityList& list);
void probe_calls(CapabilityList& list);
void probe_process(CapabilityList& list);
void probe_processor(CapabilityList& list);
void probe_placement(CapabilityList& list);
/// `kept`: they were measured before.
void probe_costs(CapabilityList& list, const Measurements& measured, bool kept);
void probe_waiting(CapabilityList& list, Duration wake);
void probe_names(CapabilityList& list);

/// A line of the ring's group that needs a ring and a socket of its own.
void list_multishot_accept(CapabilityList& list);

}  // namespace rota::inline v0
