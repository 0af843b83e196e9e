#include "cell_count.hpp"
#include "conformance/cell.hpp"
#include "conformance/conformance.hpp"

#include "denial.hpp"
#include "driver/choose.hpp"

#include <gtest/gtest.h>
#include <rota/capabilities.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace rota::conformance {
namespace {

INSTANTIATE_TEST_SUITE_P(Drivers, Conformance, testing::ValuesIn(cells()), name_of);

/// The cases that need many fds, or high ones, want what the system allows at most.
void raise_fd_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Whether the kernel gives rings of this profile to this process, as the probe finds that tries
/// the system call itself and knows no driver.
bool kernel_offers(RingProfile ring, const std::vector<Capability>& found) {
  const auto yes = [&](std::string_view name) {
    return std::ranges::any_of(found, [name](const Capability& one) {
      return one.group == "io_uring" && one.name == name && one.available == Availability::yes;
    });
  };
  const bool pinned = yes("SINGLE_ISSUER + DEFER_TASKRUN");
  const bool movable = yes("COOP_TASKRUN");
  const bool sqpoll = yes("SQPOLL");
  switch (ring) {
    case RingProfile::pinned: return pinned;
    case RingProfile::movable: return movable;
    case RingProfile::sqpoll: return sqpoll;
    case RingProfile::best: break;
  }
  return pinned || movable;
}

/// Who is denied what a driver is made of reads the name of that call among the reasons.
bool says_what_is_denied(const std::vector<Refusal>& refused) {
  return std::ranges::any_of(refused, [](const Refusal& refusal) {
    return testing_denial::names_a_denied_call(refusal.reason);
  });
}

/// A driver may be missing where the kernel denies what it is made of, and nowhere else: its cells
/// would all be counted as ones that cannot run, and the suite would pass.
bool no_driver_is_missing() {
  const std::vector<Capability> found = probe_capabilities();
  bool none = true;
  for (const Cell& cell : cells()) {
    std::vector<Refusal> refused;
    if (choose_driver(cell.config, &refused)) continue;
    const bool is_ring = cell.config.kind == DriverKind::io_uring;
    const bool has_ring = cell.config.files == FileEngineKind::io_uring;
    if (says_what_is_denied(refused)) continue;
    if (is_ring && !kernel_offers(cell.config.ring, found)) continue;
    if (has_ring && !kernel_offers(RingProfile::movable, found)) continue;
    std::printf("conformance: %s is refused, though this kernel has what it needs\n",
                cell.name.c_str());
    for (const Refusal& refusal : refused) {
      std::printf("  %s: %s\n", refusal.mechanism.c_str(), refusal.reason.c_str());
    }
    none = false;
  }
  return none;
}

}  // namespace
}  // namespace rota::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  rota::conformance::raise_fd_limit();
  // Asked for a list, the program is asked no question about this machine.
  const bool lists = testing::GTEST_FLAG(list_tests);
  if (!lists && !rota::conformance::no_driver_is_missing()) return 1;
  return rota::testing_cells::run_cells("conformance", ROTA_EXPECTED_CELLS);
}
