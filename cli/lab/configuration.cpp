#include "configuration.hpp"

#include "quantity.hpp"

#include <rota/capabilities.hpp>

#include <array>
#include <ctime>
#include <string_view>

namespace rota::cli {
namespace {

/// The probe's answer to one question.
std::string detail_of(const std::vector<Capability>& capabilities, std::string_view name) {
  for (const Capability& capability : capabilities) {
    if (capability.name == name) return capability.detail;
  }
  return "unknown";
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

}  // namespace

std::string placement_text(const Placement& placement) {
  if (!placement.tested) return "nothing is pinned: the affinity mask is unknown";
  const std::string tested = "CPU " + std::to_string(*placement.tested);
  if (placement.generator == placement.tested) {
    return "everything on " + tested + ": there is no second one for the load generator";
  }
  return "measured process on " + tested + ", load generator on CPU " +
         std::to_string(*placement.generator);
}

std::vector<std::pair<std::string, std::string>> describe_machine() {
  const std::vector<Capability> capabilities = probe_capabilities();
  return {
      {"Machine", detail_of(capabilities, "model") + "; " + detail_of(capabilities, "topology")},
      {"Kernel", detail_of(capabilities, "release")},
      {"CPU quota", detail_of(capabilities, "cgroup CPU quota")},
      {"Rota", ROTA_VERSION ", " ROTA_BUILD_TYPE ", " ROTA_COMPILER},
      {"Date", date_now()},
  };
}

std::vector<std::pair<std::string, std::string>> describe_configuration(const LabOptions& options,
                                                                        const Placement& placement,
                                                                        std::uint64_t file_bytes) {
  auto rows = describe_machine();
  rows.emplace_back("Rounds", std::to_string(options.rounds) + " of " +
                                  format_figure(options.seconds) +
                                  " s per cell, interleaved, the order of drivers rotated");
  rows.emplace_back("Placement", placement_text(placement));
  if (file_bytes > 0) {
    rows.emplace_back("File", std::to_string(file_bytes >> 20U) +
                                  " MiB; in the page cache, and out of it for cold reads");
  }
  return rows;
}

}  // namespace rota::cli
